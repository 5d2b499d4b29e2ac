/**
 * Runs the compiled tests of all workspaces: `npm test`, or `npm test -- storage edge/ws` for those whose path has one
 * of these words in it. Node 20 takes no globs, and knows nothing of suites that need an engine: hence this.
 * Exit code 0: at least one test ran and none failed.
 */

import { availableParallelism } from 'node:os'
import { run } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { engineOf, findEngine } from './engines.mjs'
import { findTests } from './find-tests.mjs'
import { Report, sourceNames } from './report.mjs'

/** No file takes longer, unless it hangs. */
const FILE_MS_MAX = 240_000
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

/** @type {Map<string, ReturnType<typeof findEngine>>} */
const engines = new Map()
const notes = []
for (const engine of new Set(wanted.map(({ source }) => engineOf(source)))) {
  if (engine !== undefined) engines.set(engine, findEngine(engine))
}
const runnable = wanted.filter(({ source }) => engines.get(engineOf(source) ?? '')?.there !== false)
for (const [engine, found] of engines) {
  const files = wanted.filter(({ source }) => engineOf(source) === engine).map(({ source }) => source)
  notes.push(
    found.there
      ? `Ran with ${engine} (${found.where}): ${files.join(', ')}`
      : `NOT RUN, no ${engine}: ${files.join(', ')} — ${found.why}`,
  )
}

if (runnable.length === 0) {
  for (const note of notes) console.error(note)
  console.error('No test ran.')
  process.exit(1)
}

const report = new Report(console.log, sourceNames(root, wanted))
const events = run({
  files: runnable.map(({ compiled }) => compiled),
  concurrency: Math.min(FILES_AT_ONCE_MAX, availableParallelism()),
  timeout: FILE_MS_MAX,
})
for await (const event of events) report.take(event)
process.exitCode = report.close(notes) ? 0 : 1
