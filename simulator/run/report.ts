import { legend } from '../world/trace.js'
import type { RunOptions } from './options.js'
import { type Plan, planOf } from './plan.js'
import { type RunResult, run } from './run.js'
import { shrink } from './shrink.js'

/** What was given on the command line, to be repeated in the line that replays a failure. */
export interface Given {
  readonly operations?: number
  readonly faults?: readonly string[]
  readonly rulesOff?: readonly string[]
}

/** One line to paste. */
export function replayLine(seed: number, given: Given = {}): string {
  const words = ['npm run sim --', `--seed ${seed}`]
  if (given.operations !== undefined) words.push(`--operations ${given.operations}`)
  for (const fault of given.faults ?? []) words.push(`--fault ${fault}`)
  for (const rule of given.rulesOff ?? []) words.push(`--rule-off ${rule}`)
  return words.join(' ')
}

/** The failure, how to repeat it, and the shortest history found that shows it. */
export function describeFailure(options: RunOptions, failed: RunResult, given: Given = {}): string {
  const { plan, tries } = shrink(options, planOf(options), failed)
  const traced = run(options, plan, true)
  return [
    `seed ${options.seed} breaks ${invariantsOf(failed)}; again with:`,
    `  ${replayLine(options.seed, given)}`,
    '',
    `Shortest history found (${countsOf(plan)}, ${tries} tries):`,
    ...traced.trace,
    '',
    legend(),
    ...(traced.crash?.stack === undefined ? [] : ['', traced.crash.stack]),
  ].join('\n')
}

function countsOf({ operations, faults }: Plan): string {
  return `${operations.length} operations, ${faults.length} faults`
}

export function invariantsOf({ violations }: RunResult): string {
  const counts = new Map<number, number>()
  for (const { invariant } of violations) counts.set(invariant, (counts.get(invariant) ?? 0) + 1)
  return [...counts]
    .map(([invariant, times]) => (invariant === 0 ? 'a process' : `invariant ${invariant} (${times} times)`))
    .join(', ')
}
