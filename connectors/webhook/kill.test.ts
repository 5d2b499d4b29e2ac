import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordsWebhooks } from '@chat4all/storage'
import { Life } from './testing/mortal.js'
import { type Answer, Receiver } from './testing/receiver.js'
import { WebhookWorld } from './testing/webhook-world.js'

type Story = (attempts: Map<string, number>) => Answer

/** With how many steps there must be at least, or the test would look at less than it says. */
const STORIES: readonly (readonly [name: string, stepsMin: number, Story])[] = [
  ['everything is taken', 8, () => () => 204],
  [
    'everything is refused once',
    20,
    (attempts) =>
      ({ id }) =>
        attempts.get(id)! <= 1 ? 500 : 204,
  ],
  [
    'one message is refused until it is put aside',
    20,
    (attempts) =>
      ({ id, event }) =>
        event.data.seq === 2 && attempts.get(id)! <= 5 ? 500 : 204,
  ],
]

for (const [story, stepsMin, answerOf] of STORIES) {
  test(`killed at any step while ${story}, a process that comes after it delivers all`, async () => {
    let steps = 0
    let survived = false
    for (; !survived; steps++) survived = await lives(steps, answerOf)
    assert.ok(steps > stepsMin, `${steps} steps`)
  })
}

/** Returns whether the first process came to the end within its steps. */
async function lives(steps: number, answerOf: (attempts: Map<string, number>) => Answer): Promise<boolean> {
  const world = await WebhookWorld.create({
    breakerMsMin: 10,
    breakerMsMax: 10,
    retryMsMin: 250,
    claimMs: 3_600_000,
  })
  const receiver = await new Receiver().start()
  const attempts = new Map<string, number>()
  const answer = answerOf(attempts)
  receiver.answer = (received, res) => {
    attempts.set(received.id, (attempts.get(received.id) ?? 0) + 1)
    return answer(received, res)
  }
  try {
    await world.webhook(receiver.url, { events: ['message.sent', 'message.read'] })
    const [a, b] = [world.conversation('a'), world.conversation('b')]
    world.stream.publish(a.said('ann', '1'), b.said('ann', '1'), a.said('ann', '2'), b.said('ann', '2'))
    world.stream.publish(a.said('ann', '3'), a.marked('bob', 3, 3))
    const life = new Life(steps)
    const store = recordsWebhooks(life.records(world.records), { now: () => world.clock.now() })
    world.start({ store, wrap: (poster) => life.poster(poster) })
    const done = async (): Promise<boolean> => receiver.taken.length >= 8 && (await world.isDone())
    await world.clock.advanceUntil(async () => life.died || (await done()), 30_000, `${steps} steps`)
    // It may die of its end too: what it still has to write are steps.
    if (!life.died) await Promise.race([world.silence(), life.death])
    const survived = !life.died
    if (!survived) {
      world.killed()
      world.start()
      await world.clock.advanceUntil(done, 30_000, `the end, after a death at step ${steps}`)
    }
    const taken = receiver.taken.map(({ event: { type, data } }) => `${type} ${data.conversation_id} ${data.seq}`)
    assert.deepEqual(taken.sort(), [
      'message.read a 1',
      'message.read a 2',
      'message.read a 3',
      'message.sent a 1',
      'message.sent a 2',
      'message.sent a 3',
      'message.sent b 1',
      'message.sent b 2',
    ])
    return survived
  } finally {
    await world.close()
    await receiver.stop()
  }
}
