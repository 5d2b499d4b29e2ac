import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PLANTED_BUGS, type PlantedBug } from './planted-bugs.js'
import { ALL_RULES } from './run/options.js'
import { optionsWith } from './run/planted.js'
import { invariantsOf } from './run/report.js'
import { type RunResult, run } from './run/run.js'

/** A bug that this many seeds do not show is taken for one that the simulator cannot see. */
const SEEDS_MAX = 200

for (const bug of PLANTED_BUGS) {
  test(`planted bug '${bug.name}' is caught, and the same seed passes without it`, (context) => {
    const { seed, result } = caught(bug)
    context.diagnostic(`seed ${seed}: ${invariantsOf(result)}`)
    const sound = run(optionsWith(bug, seed, 'on'))
    assert.deepEqual(sound.violations, [], `seed ${seed} fails with the rule on too`)
  })
}

function caught(bug: PlantedBug): { readonly seed: number; readonly result: RunResult } {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const result = run(optionsWith(bug, seed, 'off'))
    if (result.violations.some(({ invariant }) => bug.breaks.includes(invariant))) return { seed, result }
  }
  assert.fail(`${SEEDS_MAX} seeds with '${bug.rule.off}' off broke none of the invariants ${bug.breaks.join(', ')}`)
}

test('every rule with a switch has a planted bug', () => {
  const switches = Object.values(ALL_RULES).flatMap((rules) => Object.keys(rules))
  assert.deepEqual([...new Set(PLANTED_BUGS.map(({ rule }) => rule.off))].sort(), switches.sort())
})
