import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppId, EdgeId, UserId } from '@chat4all/protocol'
import type { Presence } from '@chat4all/storage'
import { PresenceWrites } from './presence-writes.js'

const APP = 'demo' as AppId
const ALICE = 'alice' as UserId

/** Writes take as long as the test says. */
class SlowPresence implements Presence {
  readonly here = new Set<string>()
  readonly waiting: (() => void)[] = []
  broken = false

  private async write(act: () => void): Promise<void> {
    await new Promise<void>((resolve) => this.waiting.push(resolve))
    if (this.broken) throw new Error('down')
    act()
  }
  arrive(_app: AppId, user: UserId) {
    return this.write(() => this.here.add(user))
  }
  leave(_app: AppId, user: UserId) {
    return this.write(() => this.here.delete(user))
  }
  async where() {
    return 'everywhere' as const
  }
  async close() {}
}

async function finishAll(presence: SlowPresence, writes: PresenceWrites): Promise<void> {
  const idle = writes.idle()
  for (let i = 0; i < 20; i++) {
    presence.waiting.shift()?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await idle
}

test('of an arrival, a departure and an arrival the last one wins, however slow the first is', async () => {
  const presence = new SlowPresence()
  const writes = new PresenceWrites(presence, 'e1' as EdgeId)
  const answers = [writes.arrive(APP, ALICE), writes.leave(APP, ALICE), writes.arrive(APP, ALICE)]
  assert.equal(presence.waiting.length, 1, 'one at a time')
  await finishAll(presence, writes)
  assert.deepEqual(await Promise.all(answers), [true, true, true])
  assert.deepEqual([...presence.here], ['alice'])
})

test('a write that fails says so and does not stop the next', async () => {
  const presence = new SlowPresence()
  const writes = new PresenceWrites(presence, 'e1' as EdgeId)
  presence.broken = true
  const first = writes.arrive(APP, ALICE)
  await finishAll(presence, writes)
  assert.equal(await first, false)
  presence.broken = false
  const second = writes.arrive(APP, ALICE)
  await finishAll(presence, writes)
  assert.equal(await second, true)
  assert.deepEqual([...presence.here], ['alice'])
})
