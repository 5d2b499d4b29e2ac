import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const runner = fileURLToPath(new URL('../../test/run-tests.mjs', import.meta.url))
const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

/**
 * A small repository of one workspace, `part`, with these compiled tests; each has a source unless it is named stale.
 * `engines` stands for `ops/engines`: a program that is given its commands.
 */
function repository(tests: Record<string, string>, engines?: string): string {
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
  if (engines !== undefined) write('ops/dist/engines/main.js', `${LOGS_ITS_COMMANDS}\n${engines}`)
  return root
}

/** The commands that a stand-in for `ops/engines` was given go into a file. */
const LOGS_ITS_COMMANDS = `import { appendFileSync } from 'node:fs'
const [command, engine] = process.argv.slice(2)
appendFileSync('commands', process.argv.slice(2).join(' ') + '\\n')`
const commands = (root: string) => readFileSync(join(root, 'commands'), 'utf8').trim().split('\n')

/** Without the mark by which node's runner knows that it runs inside of itself, and the engines of that run. */
function bareEnvironment(): NodeJS.ProcessEnv {
  const isOurs = (name: string) => name === 'CI' || name === 'NODE_TEST_CONTEXT' || name.startsWith('CHAT4ALL_')
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOurs(name)))
}

function run(root: string, words: string[] = [], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [runner, '--root', root, ...words], {
    encoding: 'utf8',
    cwd: root,
    env: { ...bareEnvironment(), ...env },
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
  const { status, output } = run(repository({ 'view.kafka': `test('engine', () => {})` }))
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
  const { status, output } = run(root, [], { CHROMIUM_PATH: '/no/such/browser' })
  assert.equal(status, 0, output)
  assert.match(output, /NOT RUN, no cassandra: part\/view\.cassandra\.test\.ts — .* or set CHAT4ALL_TEST_CASSANDRA/)
  assert.match(output, /NOT RUN, no chromium: part\/page\.chromium\.test\.ts — CHROMIUM_PATH names/)
})

test('a suite whose engine is there is run, and told where it is', () => {
  const body = `test('browser', () => { if (process.env.CHROMIUM_PATH !== ${JSON.stringify(process.execPath)}) throw 1 })`
  const { status, output } = run(repository({ 'page.chromium': body }), [], { CHROMIUM_PATH: process.execPath })
  assert.equal(status, 0, output)
  assert.match(output, /Ran on chromium \(.*\): part\/page\.chromium\.test\.ts/)
})

const READS_KAFKA = `test('engine', () => { if (process.env.CHAT4ALL_TEST_KAFKA !== '127.0.0.1:7') throw new Error() })`
const SAYS_WHERE = `if (command === 'env') console.log('export CHAT4ALL_TEST_KAFKA=127.0.0.1:7')`

test('an engine that a suite needs is installed, started, named to the suite, and given back', () => {
  const root = repository({ one: `test('works', () => {})`, 'stream.kafka': READS_KAFKA }, SAYS_WHERE)
  const { status, output, lastLines } = run(root)
  assert.equal(status, 0, output)
  assert.match(output, /Ran on kafka \(127\.0\.0\.1:7, of ops\/engines\): part\/stream\.kafka\.test\.ts\nℹ tests 2/)
  assert.ok(lastLines.includes('ℹ pass 2'), 'the sums are those of all runs')
  assert.deepEqual(commands(root), ['install kafka', 'start kafka', 'env kafka', 'release'])
})

test('what is started is given back when a suite fails, too', () => {
  const root = repository({ 'stream.kafka': `test('engine', () => { throw new Error() })` }, SAYS_WHERE)
  assert.equal(run(root).status, 1)
  assert.equal(commands(root).at(-1), 'release')
})

test('tests that need no engine start none', () => {
  const root = repository({ one: `test('works', () => {})`, 'stream.kafka': READS_KAFKA }, SAYS_WHERE)
  assert.equal(run(root, ['one']).status, 0)
  assert.ok(!existsSync(join(root, 'commands')))
})

test('a suite that stops its engine is told the process, unless that ran for somebody else before', () => {
  const says = `import { existsSync, writeFileSync } from 'node:fs'
    if (command === 'start') writeFileSync('started', '')
    if (command === 'pid') existsSync('started') ? console.log(4711) : process.exit(1)
    ${SAYS_WHERE}`
  const tests = {
    'stream.kafka-stopped': `test('pid', () => { console.log('pid', process.env.CHAT4ALL_TEST_KAFKA_PID) })`,
  }
  const root = repository(tests, says)
  const first = run(root)
  assert.equal(first.status, 0, first.output)
  assert.match(first.output, /^pid 4711$/m)
  const second = run(root)
  assert.match(second.output, /^pid undefined$/m)
})

test('a variable wins: nothing is installed or started', () => {
  const root = repository({ 'stream.kafka': READS_KAFKA }, `process.exit(1)`)
  const { status, output } = run(root, [], { CHAT4ALL_TEST_KAFKA: '127.0.0.1:7' })
  assert.equal(status, 0, output)
  assert.match(output, /Ran on kafka \(127\.0\.0\.1:7, by CHAT4ALL_TEST_KAFKA\)/)
  assert.ok(!existsSync(join(root, 'commands')))
})

test('an engine that cannot be installed fails no test, and says why; the others are used', () => {
  const engines = `if (engine === 'redis') { console.error('redis cannot be installed: it rains\\nmore'); process.exit(1) }`
  const tests = { 'stream.kafka': READS_KAFKA, 'presence.redis': `test('engine', () => { throw new Error() })` }
  const root = repository(tests, `${engines}\n${SAYS_WHERE}`)
  const { status, output } = run(root)
  assert.equal(status, 0, output)
  assert.match(
    output,
    /NOT RUN, no redis: part\/presence\.redis\.test\.ts — redis cannot be installed: it rains, or set/,
  )
  assert.match(output, /Ran on kafka/)
})

test('an engine that does not start fails no test, and says why', () => {
  const engines = `if (command === 'start') { console.error('kafka ended at once'); process.exit(1) }`
  const root = repository({ one: `test('works', () => {})`, 'stream.kafka': READS_KAFKA }, engines)
  const { status, output } = run(root)
  assert.equal(status, 0, output)
  assert.match(output, /NOT RUN, no kafka: .* — kafka ended at once/)
})

test('who wants no engines says so', () => {
  const root = repository({ one: `test('works', () => {})`, 'stream.kafka': READS_KAFKA }, SAYS_WHERE)
  const { status, output } = run(root, [], { CHAT4ALL_TEST_ENGINES: 'none' })
  assert.equal(status, 0, output)
  assert.match(output, /NOT RUN, no kafka: .* — CHAT4ALL_TEST_ENGINES is none/)
})

test('three Cassandras for a suite that kills them are a set of their own, started after all else, and wiped', () => {
  const reads = `test('engine', () => { if (process.env.CHAT4ALL_TEST_CASSANDRA_3 !== 'a,b,c') throw new Error() })`
  const engines = `const set = process.env.CHAT4ALL_ENGINES_SET ?? ''
if (command !== 'install') appendFileSync('commands', set.replace(/[0-9]+/, 'PID') + '\\n')
if (command === 'env' && set !== '') console.log('export CHAT4ALL_TEST_CASSANDRA_3=a,b,c')
else if (command === 'env') console.log('export CHAT4ALL_TEST_KAFKA=127.0.0.1:7')`
  const root = repository({ 'killed.cassandra-3': reads, 'stream.kafka': READS_KAFKA }, engines)
  assert.match(run(root).output, /NOT RUN, no cassandra-3: .* set CHAT4ALL_TEST_KILLED=yes/)
  rmSync(join(root, 'commands'))
  const { status, output } = run(root, [], { CHAT4ALL_TEST_KILLED: 'yes' })
  if (/NOT RUN, no cassandra-3: .* GB of free memory/.test(output)) return
  assert.equal(status, 0, output)
  assert.match(output, /Ran on cassandra-3 \(a,b,c, of ops\/engines\)/)
  const set = 'test-run-PID'
  assert.deepEqual(commands(root), [
    ...['install kafka', 'install cassandra'],
    ...['start kafka', '', 'env kafka', '', 'release', ''],
    ...['start cassandra --processes 3', set, 'env cassandra', set, 'wipe cassandra', set],
  ])
})

test('a run that is interrupted gives back what it started', async () => {
  const root = repository(
    {
      'stream.kafka': `test('engine', () => { console.log('under way'); setInterval(() => {}, 1000); return new Promise(() => {}) })`,
    },
    SAYS_WHERE,
  )
  const running = spawn(process.execPath, [runner, '--root', root], { cwd: root, env: bareEnvironment() })
  let output = ''
  for await (const chunk of running.stdout) {
    output += chunk
    if (output.includes('Starting kafka')) break
  }
  running.kill('SIGTERM')
  const [code] = await once(running, 'exit')
  assert.equal(code, 1)
  assert.equal(commands(root).at(-1), 'release')
})
