import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Millis } from '@chat4all/protocol'
import fc from 'fast-check'
import { Allowance } from './allowance.js'

const at = (now: number) => now as Millis
const WINDOW_MS = 2_000

/** Edges that share one counter, which answers when it is told to. */
class Counter {
  readonly perSecond: number
  private left: number
  private endsAt = 0
  trips = 0
  sent = 0
  private readonly asked: { allowance: Allowance; points: number }[] = []

  constructor(perSecond: number) {
    this.perSecond = perSecond
    this.left = 0
  }

  get limit(): number {
    return this.perSecond * (WINDOW_MS / 1000)
  }

  /** Sends one if the edge may; the counter's answer waits. */
  send(allowance: Allowance, now: number): boolean {
    if (allowance.waitMs(at(now)) > 0) return false
    this.sent++
    const points = allowance.spend(at(now))
    if (points > 0) this.asked.push({ allowance, points })
    return true
  }

  answer(now: number): void {
    if (now >= this.endsAt) {
      this.endsAt = now + WINDOW_MS
      this.left = this.limit
    }
    for (const { allowance, points } of this.asked.splice(0)) {
      this.trips++
      const granted = Math.min(points, this.left)
      this.left -= granted
      const resetMs = this.endsAt - now
      const debt = allowance.answered({ perSecond: this.perSecond, granted, resetMs }, at(now))
      if (debt > 0) this.asked.push({ allowance, points: debt })
    }
  }
}

test('sends under the limit never wait, and ask the counter once for many', () => {
  const counter = new Counter(1_000)
  const allowance = new Allowance('user', 'demo ana')
  for (let now = 0; now < 10_000; now++) {
    if (now % 2 === 0) assert.ok(counter.send(allowance, now))
    counter.answer(now)
  }
  assert.equal(counter.sent, 5_000)
  assert.ok(counter.trips <= 80, `${counter.trips} round trips for 5000 sends`)
})

test('who sends too much is told when the window ends, and goes on then', () => {
  const counter = new Counter(10)
  const allowance = new Allowance('user', 'demo ana')
  for (let i = 0; i < 50; i++) {
    counter.send(allowance, 0)
    counter.answer(0)
  }
  // The one that found the window empty went out before that was known.
  assert.equal(counter.sent, 21)
  assert.equal(allowance.waitMs(at(500)), 1_500)
  assert.equal(allowance.waitMs(at(2_000)), 0)
  assert.ok(counter.send(allowance, 2_000))
})

test('while the counter does not answer nothing waits, and it is asked once', () => {
  const allowance = new Allowance('app', 'demo')
  const asked = []
  for (let now = 0; now < 5_000; now++) {
    assert.equal(allowance.waitMs(at(now)), 0)
    const points = allowance.spend(at(now))
    if (points > 0) asked.push(points)
  }
  assert.deepEqual(asked, [1])
})

test('what went out meanwhile is asked for at once, and paid first', () => {
  const allowance = new Allowance('app', 'demo')
  const spend = () => allowance.spend(at(0))
  assert.equal(spend(), 1)
  for (let i = 0; i < 500; i++) assert.equal(spend(), 0)
  assert.equal(allowance.answered({ perSecond: 100, granted: 1, resetMs: WINDOW_MS }, at(0)), 500)
  // The window has not so much, and the debt that is left is more than a second's worth.
  assert.equal(allowance.answered({ perSecond: 100, granted: 199, resetMs: WINDOW_MS }, at(0)), 301)
  assert.equal(allowance.waitMs(at(0)), 50)
  assert.equal(allowance.answered({ perSecond: 100, granted: 0, resetMs: WINDOW_MS }, at(0)), 0)
  assert.equal(allowance.waitMs(at(0)), WINDOW_MS)
  assert.equal(allowance.waitMs(at(WINDOW_MS)), 0)
})

test('who keeps to its limit does not wait while a counter that went away is found out to be', () => {
  const allowance = new Allowance('user', 'demo ana')
  allowance.spend(at(0))
  allowance.answered({ perSecond: 100, granted: 1, resetMs: WINDOW_MS }, at(0))
  for (let now = 10; now <= 1_000; now += 10) {
    assert.equal(allowance.waitMs(at(now)), 0)
    allowance.spend(at(now))
  }
  assert.equal(allowance.waitMs(at(1_000)), 50)
})

test('who met its limit does not send at once what it held back', () => {
  const counter = new Counter(100)
  const allowances = [new Allowance('user', 'demo ana'), new Allowance('user', 'demo ana')]
  const sent: (readonly [number, number])[] = []
  for (let now = 0; now < 10_000; now += 50) {
    // Each edge is offered more than the limit in every turn, and the answers come behind it.
    const before = counter.sent
    for (const allowance of allowances) for (let i = 0; i < 300; i++) counter.send(allowance, now)
    counter.answer(now)
    counter.answer(now)
    sent.push([now, counter.sent - before] as const)
  }
  const inWindow = (from: number) =>
    sent.filter(([now]) => now >= from && now < from + WINDOW_MS).reduce((sum, [, count]) => sum + count, 0)
  for (const from of [2_000, 4_000, 6_000, 8_000]) {
    assert.ok(inWindow(from) >= 200 && inWindow(from) <= 240, `${inWindow(from)} from ${from} on`)
  }
})

test('whom nobody counts is asked about now and then, not for each send', () => {
  const allowance = new Allowance('user', 'demo ana')
  let asked = 0
  for (let now = 0; now < 10_000; now++) {
    if (allowance.spend(at(now)) === 0) continue
    asked++
    allowance.answered({ perSecond: undefined, granted: 0, resetMs: 2_000 }, at(now))
    assert.equal(allowance.waitMs(at(now)), 0)
  }
  assert.equal(asked, 5)
})

test('several edges let through what the limit says, and what was on its way', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2_000 }),
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.tuple(fc.nat(3), fc.nat(3), fc.boolean()), { minLength: 1, maxLength: 400 }),
      (perSecond, edges, steps) => {
        const counter = new Counter(perSecond)
        const allowances = Array.from({ length: edges }, () => new Allowance('user', 'demo ana'))
        let now = 0
        let unanswered = 0
        let unansweredMost = 0
        const starts: number[] = []
        for (const [which, pass, answers] of steps) {
          now += pass
          if (counter.send(allowances[which % edges]!, now)) {
            starts.push(now)
            unanswered++
          }
          unansweredMost = Math.max(unansweredMost, unanswered)
          if (!answers) continue
          counter.answer(now)
          unanswered = 0
        }
        const windows = Math.ceil((now + 1) / WINDOW_MS) + 1
        assert.ok(
          starts.length <= windows * counter.limit + windows * (unansweredMost + edges),
          `${starts.length} sent`,
        )
      },
    ),
  )
})
