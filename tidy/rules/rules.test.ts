import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Repository, type Rule, repositoryOf } from '../repository.js'
import { noCycles } from './cycles.js'
import { decisionPages, INDEX, withIndex } from './decisions.js'
import { declaredDependencies, projectReferences, usedDependencies } from './dependencies.js'
import { doorsExist } from './doors.js'
import { fileLengths } from './file-lengths.js'
import { importLayers } from './import-layers.js'
import { lightStarts } from './light-starts.js'
import { markdownLinks } from './markdown-links.js'
import { kebabCase, noGrabBags } from './names.js'
import { noDownloadAddresses, noMachineTraces } from './no-machine-traces.js'
import { pureCore } from './pure-core.js'
import { readmes } from './readmes.js'

/** Each rule is shown a small repository that breaks it, and one beside it that does not. */

const ours = (name: string, more: object = {}) =>
  JSON.stringify({ name: `@chat4all/${name}`, exports: { '.': { default: './dist/index.js' } }, ...more })

/** Workspaces as in the real repository, as far as a rule looks at them. */
const BASE = {
  'package.json': JSON.stringify({
    workspaces: ['protocol', 'router', 'storage', 'shard-node', 'edge'],
    devDependencies: { 'fast-check': '1' },
  }),
  'protocol/package.json': ours('protocol', { exports: { '.': {}, './rest': {} } }),
  'router/package.json': ours('router'),
  'storage/package.json': ours('storage'),
  'shard-node/package.json': ours('shard-node'),
  'edge/package.json': ours('edge', { dependencies: { '@chat4all/protocol': '1' } }),
}

function says(rule: Rule, files: Record<string, string>): string[] {
  const repository: Repository = repositoryOf(Object.entries({ ...BASE, ...files }))
  return rule(repository).map(({ file, line, says }) => `${file}${line === undefined ? '' : `:${line}`} ${says}`)
}

function assertSays(rule: Rule, files: Record<string, string>, ...expected: RegExp[]): void {
  const lines = says(rule, files)
  assert.equal(lines.length, expected.length, lines.join('\n') || 'nothing was found')
  for (const [i, pattern] of expected.entries()) assert.match(lines[i]!, pattern)
}

test('an import against the table is refused, with what is allowed and what to do instead', () => {
  assertSays(
    importLayers,
    { 'edge/a.ts': "import { x } from '@chat4all/protocol'\nimport { y } from '@chat4all/shard-node'\n" },
    /^edge\/a\.ts:2 edge → shard-node: edge may import protocol, router, storage, edge\/core\. Instead: send a frame/,
  )
})

test('a core that imports its driver is refused, the other way round is fine', () => {
  const files = { 'edge/core/a.ts': "import '../b.js'\n", 'edge/b.ts': "import './core/c.js'\n", 'edge/core/c.ts': '' }
  assertSays(importLayers, files, /^edge\/core\/a\.ts:1 edge\/core → edge: .* Instead: return an effect/)
})

test('a package is entered by its exports only', () => {
  assertSays(
    importLayers,
    { 'edge/a.ts': "import '@chat4all/protocol/rest'\nimport '@chat4all/protocol/codec/reader.js'\n" },
    /^edge\/a\.ts:2 .* does not export \(it exports \., \.\/rest\)/,
  )
  const byPath = { 'edge/a.ts': "import '../protocol/ids.js'\n", 'protocol/ids.ts': '' }
  assertSays(importLayers, byPath, /imports protocol\/ids\.ts by its path/)
})

test('an export without a source is refused', () => {
  const sources = ['protocol', 'router', 'storage', 'shard-node'].map((folder) => [`${folder}/index.ts`, ''])
  assertSays(
    doorsExist,
    { ...Object.fromEntries(sources), 'protocol/package.json': ours('protocol') },
    /^edge\/package\.json names dist\/index\.js, and there is no edge\/index\.ts/,
  )
})

test('an import of no file is refused', () => {
  assertSays(importLayers, { 'edge/a.ts': "import './gone.js'\n" }, /which is no file here/)
})

test('code for browsers imports nothing of Node’s, its tests may', () => {
  const text = "import 'node:fs'\n"
  const files = { 'protocol/codec/a.ts': text, 'protocol/codec/a.test.ts': text }
  assertSays(importLayers, files, /^protocol\/codec\/a\.ts:1 .* runs in browsers too/)
})

test('an import that package.json does not declare is refused', () => {
  assertSays(
    declaredDependencies,
    { 'edge/a.ts': "import 'node:fs'\nimport 'jose'\nimport '@chat4all/protocol'\n" },
    /^edge\/a\.ts:2 imports jose, which edge\/package\.json does not declare/,
  )
})

test('tests may use what the root has for them, shipped code may not', () => {
  const files = {
    'router/index.ts': "export * from './shipped.js'\n",
    'router/shipped.ts': "import 'fast-check'\n",
    'router/contract.ts': "import 'fast-check'\n",
    'router/a.test.ts': "import 'fast-check'\nimport './contract.js'\n",
  }
  assertSays(declaredDependencies, files, /^router\/shipped\.ts:1 .*reached from the package's exports/)
})

test('a start that loads more than it needs is refused, by however long a chain; import() and types are not loaded', () => {
  const workspaces = ['protocol', 'router', 'storage', 'shard-node', 'edge', 'server', 'cli']
  const doors = { '.': { default: './dist/index.js' }, './redis': { default: './dist/doors/redis.js' } }
  const files = {
    'package.json': JSON.stringify({ workspaces }),
    'storage/package.json': ours('storage', { exports: doors }),
    'server/package.json': ours('server'),
    'cli/package.json': ours('cli'),
    'storage/index.ts': '',
    'storage/doors/redis.ts': "export { x } from '../redis/connection.js'\n",
    'storage/redis/connection.ts': "import { createCluster } from 'redis'\n",
    'server/index.ts': '',
    'server/roles/shard-node.ts': "import type { R } from 'hono'\nimport { open } from '../engines/redis.js'\n",
    'server/engines/redis.ts': "import '@chat4all/storage/redis'\n",
    'cli/main.ts': "import { commands } from './commands/index.js'\n",
    'cli/commands/index.ts': "export const load = () => import('./send.js')\n",
    'cli/commands/send.ts': "import { settingsOf } from '@chat4all/server'\n",
  }
  assertSays(
    lightStarts,
    files,
    /^server\/roles\/shard-node\.ts loads redis at its start: server\/roles\/shard-node\.ts → server\/engines\/redis\.ts → .* → storage\/redis\/connection\.ts → redis\./,
    /^cli\/commands\/send\.ts loads @chat4all\/server at its start/,
  )
  const deferred = {
    ...files,
    'server/engines/redis.ts': "export const open = () => import('@chat4all/storage/redis')\n",
    'cli/commands/send.ts': "import type { Config } from '@chat4all/server'\n",
  }
  assertSays(lightStarts, deferred)
})

test('a dependency that nothing imports is refused, one that a script runs is not', () => {
  const files = {
    'router/package.json': ours('router', {
      dependencies: { hashring: '1', esbuild: '1', '@scope/used': '1' },
      scripts: { build: 'esbuild --bundle' },
    }),
    'router/a.ts': "import '@scope/used/part'\n",
    'edge/a.ts': "import '@chat4all/protocol'\nimport 'hashring'\n",
  }
  assertSays(usedDependencies, files, /^router\/package\.json declares hashring, which nothing in router\/ imports/)
})

test('references of a tsconfig.json that differ from the dependencies are refused', () => {
  assertSays(
    projectReferences,
    { 'edge/tsconfig.json': '{ "references": [{ "path": "./core" }, { "path": "../router" }] }' },
    /does not reference \.\.\/protocol/,
    /references \.\.\/router, which is no dependency/,
  )
})

test('files in a ring are refused', () => {
  assertSays(
    noCycles,
    {
      'edge/a.ts': "import './b.js'\n",
      'edge/b.ts': "import { type C } from './c.js'\nimport './d.js'\n",
      'edge/c.ts': "import './a.js'\n",
      'edge/d.ts': "import type { E } from './e.js'\n",
      'edge/e.ts': "import './d.js'\n",
    },
    /edge\/a\.ts → edge\/b\.ts → edge\/c\.ts → edge\/a\.ts/,
  )
})

test('names that are not kebab-case are refused', () => {
  const fine = { 'docs/README.md': '', '.ci/run': '', 'edge/rest-api/post-messages.test.ts': '' }
  assertSays(kebabCase, { ...fine, 'edge/postMessages.ts': '', 'edge/Rest/a.ts': '' }, /postMessages\.ts/, /Rest/)
})

test('grab-bags are refused', () => {
  const bags = { 'edge/utils.ts': '', 'edge/helpers/a.ts': '', 'edge/common.test.ts': '', 'edge/http-utilities.ts': '' }
  assertSays(noGrabBags, bags, /utils\.ts/, /helpers/, /common\.test\.ts/)
})

test('clocks, chance, timers, promises and the process are refused in a core, and only in its code', () => {
  const impure = [
    'const a = Date.now()',
    'const b = Math.random()',
    'setTimeout(f, 1)',
    'const c = process.env',
    'const d = Buffer.from(e)',
    'async function f() {}',
    "import { g } from 'node:fs'",
  ].join('\n')
  const pure = "// Date.now() is not for us\nconst text = 'Promise'\nconst now = time.process\n"
  assertSays(
    pureCore,
    { 'edge/core/a.ts': impure, 'edge/core/b.ts': pure, 'edge/core/a.test.ts': impure, 'edge/c.ts': impure },
    /:1 a clock/,
    /:2 chance/,
    /:3 a timer/,
    /:4 the process/,
    /:5 Buffer/,
    /:6 a promise/,
    /:7 node:fs/,
  )
})

test('a folder of three sources without a README, or with one that leaves parts out, is refused', () => {
  const packages = ['protocol', 'router', 'storage', 'shard-node', 'edge']
  const whole = '**Is for** a. **May import** b. **Never contains** c. **Read first** d. **Test alone with** e.'
  const all = Object.fromEntries(packages.map((folder) => [`${folder}/README.md`, whole]))
  const three = (folder: string) => ({ [`${folder}/a.ts`]: '', [`${folder}/b.ts`]: '', [`${folder}/c.ts`]: '' })
  assertSays(
    readmes,
    {
      ...all,
      ...three('edge/ws'),
      ...three('edge/rest'),
      'edge/rest/README.md': '**Is for** a',
      'edge/two/a.ts': '',
      'edge/two/b.ts': '',
      'edge/two/b.test.ts': '',
    },
    /^edge\/ws\/README\.md is missing/,
    /^edge\/rest\/README\.md does not say \*\*May import\*\*, \*\*Never contains\*\*/,
  )
  assertSays(readmes, { ...all, 'router/README.md': whole.replace('Read', 'Look') }, /does not say \*\*Read first\*\*/)
})

test('files that are too long are refused, tests may be longer', () => {
  const lines = (count: number) => 'a\n'.repeat(count)
  assertSays(
    fileLengths,
    {
      'edge/a.ts': lines(501),
      'edge/b.ts': lines(500),
      'edge/c.test.ts': lines(901),
      'edge/d.test.ts': lines(900),
      'docs/long.md': lines(2_000),
    },
    /^edge\/a\.ts has 501 lines, more than 500/,
    /^edge\/c\.test\.ts has 901 lines, more than 900/,
  )
})

const decision = (number: string, status = 'accepted') =>
  `---\nstatus: ${status}\ndate: 2026-01-02\n---\n# ${number} — Something was decided\n`

/** The pages with an index that is current. */
function indexed(pages: Record<string, string>): Record<string, string> {
  return { ...pages, [INDEX]: withIndex(repositoryOf(Object.entries(pages)), '# Decisions\n') }
}

test('decisions with a number, a status, a date and a current index pass', () => {
  const pages = indexed({
    'docs/decisions/0001-a.md': decision('0001', 'superseded by 0002'),
    'docs/decisions/0002-b.md': decision('0002'),
  })
  assert.deepEqual(says(decisionPages, pages), [])
  assert.match(pages[INDEX]!, /\| \[0002\]\(0002-b\.md\) \| Something was decided \| accepted \| 2026-01-02 \|/)
})

test('decisions without head, of one number, or superseded by nothing are refused', () => {
  assertSays(
    decisionPages,
    indexed({ 'docs/decisions/0001-a.md': '# 0001 — A\n' }),
    /has no `status:`/,
    /has no `date:`/,
  )
  assertSays(
    decisionPages,
    indexed({ 'docs/decisions/0001-a.md': decision('0001'), 'docs/decisions/0001-b.md': decision('0001') }),
    /0001-a\.md shares number 0001/,
    /0001-b\.md shares number 0001/,
  )
  const page = indexed({ 'docs/decisions/0001-a.md': decision('0001', 'superseded by 0009') })
  assertSays(decisionPages, page, /superseded by 0009, which does not exist/)
  assertSays(decisionPages, indexed({ 'docs/decisions/first.md': decision('0001') }), /is not named NNNN/)
})

test('an index of decisions that is not current, or is missing, is refused', () => {
  const pages = indexed({ 'docs/decisions/0001-a.md': decision('0001') })
  assertSays(decisionPages, { ...pages, 'docs/decisions/0002-b.md': decision('0002') }, /is not current/)
  assertSays(decisionPages, { 'docs/decisions/0001-a.md': decision('0001') }, /README\.md is missing/)
})

test('paths of one machine and hosts of registries are refused', () => {
  const path = ['', 'work', 'main', 'a.ts'].join('/')
  const host = ['registry', 'npmjs', 'org'].join('.')
  assertSays(
    noMachineTraces,
    { 'docs/a.md': `see\n${path}\n`, 'docs/b.md': `https://${host}/x`, 'docs/c.md': 'a network/work/load, ./root/x' },
    /^docs\/a\.md:2 .* is a path of one machine/,
    /^docs\/b\.md:1 .* is the host of a package registry/,
  )
})

test('a lock file with download addresses is refused, links to workspaces are none', () => {
  const link = '{ "resolved": "edge", "link": true }'
  assertSays(noDownloadAddresses, { 'package-lock.json': link })
  assertSays(
    noDownloadAddresses,
    { 'package-lock.json': `{\n"resolved": "https://x/y.tgz" }` },
    /^package-lock\.json:2/,
  )
})

test('links to nothing are refused', () => {
  const page = [
    '# A page',
    '[here](b.md), [a folder](../edge), [a heading](b.md#what-it-is), [mine](#a-page), [far](https://x.y/z)',
    '`[code](gone.md)`',
    '[gone](gone.md)',
    '[no heading](b.md#nothing)',
  ].join('\n')
  assertSays(
    markdownLinks,
    { 'docs/a.md': page, 'docs/b.md': '## `What` it is!\n' },
    /^docs\/a\.md:4 links to gone\.md, which is not there/,
    /^docs\/a\.md:5 links to b\.md#nothing; no heading/,
  )
})
