import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { joinStates, MESSAGE_STATES, type StateTimes, stateOf, stateOfAll } from './message-status.js'

const report = fc
  .tuple(fc.constantFrom(...MESSAGE_STATES), fc.nat(1000))
  .map(([state, time]): StateTimes => ({ [state]: time }))
const reports = fc.array(report, { maxLength: 12 })
const join = (all: readonly StateTimes[]) => all.reduce(joinStates, {})

test('every order and repetition of reports ends in the same state with the same times', () => {
  const shuffled = reports.chain((all) =>
    fc.tuple(
      fc.constant(all),
      // Every report at least once, some more often, in any order.
      fc
        .array(fc.nat(Math.max(0, all.length - 1)), { maxLength: 12 })
        .map((again) => [...all, ...again.flatMap((i) => all.slice(i, i + 1))])
        .chain((more) => fc.shuffledSubarray(more, { minLength: more.length })),
    ),
  )
  fc.assert(
    fc.property(shuffled, ([all, again]) => {
      assert.deepEqual(join(again), join(all))
      assert.equal(stateOf(join(again)), stateOf(join(all)))
    }),
    { numRuns: 2000 },
  )
})

test('joining is associative, so it does not matter who joins what first', () => {
  fc.assert(
    fc.property(reports, reports, reports, (a, b, c) => {
      const [x, y, z] = [join(a), join(b), join(c)]
      assert.deepEqual(joinStates(joinStates(x, y), z), joinStates(x, joinStates(y, z)))
    }),
  )
})

test('a state never falls, and no report takes one back', () => {
  const rank = (times: StateTimes) => MESSAGE_STATES.indexOf(stateOf(times) ?? 'sent')
  fc.assert(
    fc.property(reports, report, (all, more) => {
      assert.ok(rank(joinStates(join(all), more)) >= rank(join(all)))
    }),
  )
})

test('what was delivered after all has not failed; a failure that nobody contradicts has', () => {
  assert.equal(stateOf({ sent: 1, failed: 2, delivered: 3 }), 'delivered')
  assert.equal(stateOf({ sent: 1, failed: 2 }), 'failed')
  assert.equal(stateOf({ read: 4 }), 'read')
  assert.equal(stateOf({}), undefined)
})

test('all receivers together have what the last of them has', () => {
  assert.equal(stateOfAll([]), 'sent')
  assert.equal(
    stateOfAll([
      { sent: 1, read: 3 },
      { sent: 1, delivered: 2 },
    ]),
    'delivered',
  )
  assert.equal(stateOfAll([{ sent: 1, read: 3 }, { sent: 1 }]), 'sent')
  assert.equal(stateOfAll([{ sent: 1, read: 3 }, { failed: 1 }]), 'failed')
})
