/**
 * Runs the compiled tests of all workspaces: `npm test`, or `npm test -- storage edge/ws` for those whose path has one
 * of these words in it. Node 20 takes no globs, and knows nothing of suites that need an engine: hence this.
 * Tests that need no engine run first, while engines are installed; then those that need some; clusters last.
 * Exit code 0: at least one test ran and none failed.
 */

import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { run } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { findChromium } from './chromium.mjs'
import { engineLines, enginesOf, splitByEngines, stoppedBy, suiteOf } from './engines.mjs'
import { EnginesCommand } from './engines-command.mjs'
import { findTests } from './find-tests.mjs'
import { RealEngines } from './real-engines.mjs'
import { Report, sourceNames } from './report.mjs'

/** No file takes longer, unless it hangs: a million simulated operations on a busy machine. */
const FILE_MS_MAX = 600_000
/** But one whose Cassandras are killed and come back, several times. */
const CLUSTER_FILE_MS_MAX = 1_200_000
/** Past this many at once, tests of time-outs fail for want of a processor. */
const FILES_AT_ONCE_MAX = 4

const { values, positionals: words } = parseArgs({ allowPositionals: true, options: { root: { type: 'string' } } })
const root = values.root ?? fileURLToPath(new URL('../../', import.meta.url))
const all = findTests(root)
const wanted = all.filter(({ source }) => words.length === 0 || words.some((word) => source.includes(word)))
if (wanted.length === 0) {
  console.error(`No test has ${words.join(' or ') || 'a name'} in its path (${all.length} files looked at).`)
  process.exit(1)
}

const needed = enginesOf(wanted)
const command = new EnginesCommand(join(root, 'ops/dist/engines/main.js'), process.env, console.log)
const engines = new RealEngines(command)
if (needed.includes('chromium')) {
  const chromium = findChromium()
  if ('path' in chromium) process.env.CHROMIUM_PATH = chromium.path
  engines.found.set(
    'chromium',
    'path' in chromium ? { where: chromium.path, by: 'machine' } : { why: chromium.missing },
  )
}
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.once(signal, async () => {
    command.interrupt()
    await engines.end()
    process.exit(1)
  })
}

const report = new Report(console.log, sourceNames(root, wanted))
/**
 * @param {readonly import('./find-tests.mjs').TestFile[]} tests
 * @param {number} filesAtOnce
 * @param {number} fileMsMax
 */
async function runTests(tests, filesAtOnce, fileMsMax) {
  if (tests.length === 0) return
  const files = tests.map(({ compiled }) => compiled)
  for await (const event of run({ files, concurrency: filesAtOnce, timeout: fileMsMax })) report.take(event)
}

const filesAtOnce = Math.min(FILES_AT_ONCE_MAX, availableParallelism())
const isReal = (/** @type {string} */ engine) => engine !== 'chromium'
const onEngines = wanted.filter(({ source }) => suiteOf(source).engines.some(isReal))
const others = wanted.filter((test) => !onEngines.includes(test))
const installation = engines.install(needed.filter(isReal))
await runTests(splitByEngines(others, engines.found).runnable, filesAtOnce, FILE_MS_MAX)
command.saysProgress = true
await installation
await engines.start(stoppedBy(wanted))
const isCluster = (/** @type {{ source: string }} */ { source }) => suiteOf(source).alone
const { runnable } = splitByEngines(onEngines, engines.found)
const onSharedEngines = runnable.filter((test) => !isCluster(test))
await runTests(onSharedEngines, filesAtOnce, FILE_MS_MAX)
await runTests(runnable.filter(isCluster), 1, CLUSTER_FILE_MS_MAX)
// What others use is given back first: three more Cassandras want its memory.
await engines.release()
await engines.startThree()
const late = splitByEngines(onEngines, engines.found).runnable.filter((test) => !runnable.includes(test))
await runTests(late, 1, CLUSTER_FILE_MS_MAX)
await engines.end()
process.exitCode = report.close(engineLines(wanted, engines.found)) ? 0 : 1
