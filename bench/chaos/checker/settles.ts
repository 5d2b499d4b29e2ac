import type { Check, Report } from './check.js'

/** After the faults everything comes to rest in time: sends are answered, sessions live, readers and stream complete. */
export function settles(report: Report): Check {
  let settled = false
  let last = 1
  return {
    see(observation, line) {
      last = line
      if (observation.type !== 'settled') return
      settled = true
      for (const what of observation.unfinished) report(what, line)
    },
    finish() {
      if (!settled) report('the run was not brought to its end: the history does not say that it settled', last)
    },
  }
}
