import { optionsOf } from './options.js'
import { describeFailure } from './report.js'
import { run } from './run.js'

export interface Seeds {
  readonly first: number
  readonly count: number
  /** Of the plan of each run; what `optionsOf` says when left out. */
  readonly operations?: number
}

/**
 * Runs seeds one behind the other. Returns how many requests of clients that were.
 * @throws Error that tells of the first seed that breaks an invariant: how to repeat it, and the shortest history found.
 */
export function runSeeds({ first, count, operations }: Seeds): number {
  const given = operations === undefined ? {} : { operations }
  let requests = 0
  for (let seed = first; seed < first + count; seed++) {
    const options = optionsOf(seed, given)
    const result = run(options)
    requests += result.operations
    if (result.violations.length > 0) throw new Error(describeFailure(options, result, given))
  }
  return requests
}
