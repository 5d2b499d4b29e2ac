import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { RateLimits } from './port.js'

/** What every adapter of RateLimits does; `open` gives two edges that share what there is to share. */
export function rateLimitsContract(name: string, open: () => readonly [RateLimits, RateLimits]): void {
  const behaves = (what: string, run: (one: RateLimits, other: RateLimits) => Promise<void>): void => {
    test(`${name}: ${what}`, async () => run(...open()))
  }
  const limit = { name: 'test', points: 5, seconds: 30 }

  behaves('so many in a window, and then none', async (limits) => {
    const key = randomUUID()
    for (let left = 4; left >= 0; left--) {
      const { allowed, remaining, resetMs } = await limits.take(limit, key)
      assert.deepEqual([allowed, remaining], [true, left])
      assert.ok(resetMs > 0 && resetMs <= 30_000)
    }
    for (let i = 0; i < 3; i++) {
      const { allowed, remaining, resetMs } = await limits.take(limit, key)
      assert.deepEqual([allowed, remaining], [false, 0])
      assert.ok(resetMs > 0 && resetMs <= 30_000, String(resetMs))
    }
  })

  behaves('a window ends, and another begins', async (limits) => {
    const short = { name: 'short', points: 1, seconds: 1 }
    const key = randomUUID()
    assert.equal((await limits.take(short, key)).allowed, true)
    let second = await limits.take(short, key)
    // Where the machine stalled for a second, another window had begun.
    for (let tries = 1; second.allowed && tries < 20; tries++) second = await limits.take(short, key)
    assert.equal(second.allowed, false)
    await new Promise((resolve) => setTimeout(resolve, second.resetMs + 50))
    assert.equal((await limits.take(short, key)).allowed, true)
  })

  behaves('keys, and limits with other names or numbers, count apart', async (limits) => {
    const key = randomUUID()
    for (let i = 0; i < 6; i++) await limits.take(limit, key)
    assert.equal((await limits.take(limit, `${key} other`)).allowed, true)
    assert.equal((await limits.take({ ...limit, name: 'another' }, key)).allowed, true)
    assert.equal((await limits.take({ ...limit, points: 50 }, key)).allowed, true)
  })

  behaves('several points are taken all or not at all, and a refusal costs nothing', async (limits) => {
    const key = randomUUID()
    const take = async (points: number) => {
      const { allowed, remaining } = await limits.take(limit, key, points)
      return [allowed, remaining]
    }
    assert.deepEqual(await take(3), [true, 2])
    assert.deepEqual(await take(3), [false, 2])
    assert.deepEqual(await take(2), [true, 0])
    assert.deepEqual(await take(1), [false, 0])
  })

  behaves('any text is a key', async (limits) => {
    for (const key of ['', ' ', '{x}', 'a:b:c', 'ana@example.org', '\u0000', 'ü'.repeat(300)]) {
      assert.equal((await limits.take(limit, `${randomUUID()}${key}`)).allowed, true)
    }
  })
}
