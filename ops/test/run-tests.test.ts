import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const runner = fileURLToPath(new URL('../../test/run-tests.mjs', import.meta.url))
const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

/** A small repository of one workspace, `part`, with these compiled tests; each has a source unless it is named stale. */
function repository(tests: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'chat4all-run-tests-'))
  folders.push(root)
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  write('package.json', '{ "type": "module", "workspaces": ["part"] }')
  for (const [name, body] of Object.entries(tests)) {
    write(`part/dist/${name}.test.js`, `import { describe, test } from 'node:test'\n${body}\n`)
    if (!name.includes('stale')) write(`part/${name}.test.ts`, '')
  }
  return root
}

function run(root: string, words: string[] = [], env: NodeJS.ProcessEnv = {}) {
  // Without the mark by which node's runner knows that it runs inside of itself.
  const { NODE_TEST_CONTEXT: _, CI: __, ...rest } = process.env
  const { status, stdout, stderr } = spawnSync(process.execPath, [runner, '--root', root, ...words], {
    encoding: 'utf8',
    env: { ...rest, ...env },
  })
  return { status, output: stdout + stderr, lastLines: stdout.trimEnd().split('\n').slice(-8) }
}

test('passing tests exit with 0, a line for each file, and node’s own closing lines last', () => {
  const root = repository({ 'a/one': `test('works', () => {})`, two: `describe('s', () => { test('t', () => {}) })` })
  const { status, output, lastLines } = run(root)
  assert.equal(status, 0, output)
  assert.match(output, /✔ part\/a\/one\.test\.ts: 1 passed/)
  assert.match(output, /✔ part\/two\.test\.ts: 1 passed/)
  assert.equal(lastLines[0], 'ℹ tests 2')
  assert.equal(lastLines[3], 'ℹ fail 0')
})

test('a failing test exits with 1, says what was thrown, and is named again at the end', () => {
  const root = repository({
    good: `test('works', () => {})`,
    bad: `describe('s', () => { test('does not', () => { throw new Error('because of rain') }) })`,
  })
  const { status, output, lastLines } = run(root)
  assert.equal(status, 1)
  assert.match(output, /✖ part\/bad\.test\.ts: does not\n\s+Error: because of rain/)
  assert.match(output, /Failed:\n✖ part\/bad\.test\.ts: does not/)
  assert.match(output, /✔ part\/good\.test\.ts/)
  assert.equal(lastLines[3], 'ℹ fail 1')
})

test('a file that dies, or does not load, is a failure', () => {
  for (const body of [`process.exit(3)`, `import 'no-such-package'`]) {
    const { status, output } = run(repository({ dies: body }))
    assert.equal(status, 1, output)
    assert.match(output, /✖ .*dies\.test/)
  }
})

test('no test at all is a failure', () => {
  assert.equal(run(repository({})).status, 1)
  const { status, output } = run(repository({ one: `test('works', () => {})` }), ['other'])
  assert.equal(status, 1)
  assert.match(output, /No test has other in its path/)
})

test('nothing but suites whose engines are missing is a failure: nobody has tested anything', () => {
  const { status, output } = run(repository({ 'view.kafka': `test('engine', () => {})` }), [], {
    CHAT4ALL_TEST_KAFKA: '',
  })
  assert.equal(status, 1)
  assert.match(output, /NOT RUN, no kafka/)
})

test('words choose the files whose path has one of them', () => {
  const root = repository({ 'a/one': `test('works', () => {})`, two: `test('no', () => { throw new Error() })` })
  const { status, output } = run(root, ['a/'])
  assert.equal(status, 0, output)
  assert.doesNotMatch(output, /two/)
})

test('a compiled test without a source is deleted and not run', () => {
  const root = repository({ one: `test('works', () => {})`, stale: `test('no', () => { throw new Error() })` })
  const { status, output } = run(root)
  assert.equal(status, 0, output)
  assert.ok(!existsSync(join(root, 'part/dist/stale.test.js')))
  assert.ok(existsSync(join(root, 'part/dist/one.test.js')))
})

test('a suite whose engine is missing is not run, and that is said with what to do', () => {
  const root = repository({
    one: `test('works', () => {})`,
    'view.cassandra': `test('engine', () => { throw new Error() })`,
    'page.chromium': `test('browser', () => { throw new Error() })`,
  })
  const { status, output } = run(root, [], { CHROMIUM_PATH: '/no/such/browser', CHAT4ALL_TEST_CASSANDRA: '' })
  assert.equal(status, 0, output)
  assert.match(output, /NOT RUN, no cassandra: part\/view\.cassandra\.test\.ts — set CHAT4ALL_TEST_CASSANDRA/)
  assert.match(output, /NOT RUN, no chromium: part\/page\.chromium\.test\.ts — CHROMIUM_PATH names/)
})

test('a suite whose engine is there is run, and told where it is', () => {
  const body = `test('browser', () => { if (process.env.CHROMIUM_PATH !== ${JSON.stringify(process.execPath)}) throw 1 })`
  const { status, output } = run(repository({ 'page.chromium': body }), [], { CHROMIUM_PATH: process.execPath })
  assert.equal(status, 0, output)
  assert.match(output, /Ran with chromium \(.*\): part\/page\.chromium\.test\.ts/)
})
