import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Gate } from './gate.js'

/** Work that ends when told. */
function work() {
  let running = 0
  let highest = 0
  const ends: (() => void)[] = []
  return {
    run: async (): Promise<void> => {
      highest = Math.max(highest, ++running)
      await new Promise<void>((end) => ends.push(end))
      running--
    },
    endOne: () => ends.shift()!(),
    highest: () => highest,
    started: () => ends.length,
  }
}

test('no more than the bound run at once, the others wait their turn, and all of them end', async () => {
  const gate = new Gate(2, 10)
  const { run, endOne, highest } = work()
  const all = Array.from({ length: 6 }, () => gate.run(run))
  for (let i = 0; i < 6; i++) {
    endOne()
    await new Promise(setImmediate)
  }
  await Promise.all(all)
  assert.equal(highest(), 2)
})

test('who would wait behind the bound is turned away at once and told when to come back', async () => {
  const gate = new Gate(1, 1)
  const { run, endOne } = work()
  const first = gate.run(run)
  const second = gate.run(run)
  await assert.rejects(gate.run(run), { code: 'RATE_LIMITED', retryAfter: 1000 })
  endOne()
  await first
  await new Promise(setImmediate)
  endOne()
  await second
})

test('work that fails gives its place back', async () => {
  const gate = new Gate(1, 0)
  await assert.rejects(
    gate.run(() => Promise.reject(new Error('no'))),
    /no/,
  )
  assert.equal(await gate.run(async () => 'yes'), 'yes')
})
