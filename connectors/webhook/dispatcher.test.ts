import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { webhookEvents } from '@chat4all/protocol/rest'
import { type Received, Receiver } from './testing/receiver.js'
import { WebhookWorld } from './testing/webhook-world.js'

let world: WebhookWorld
let receiver: Receiver
let others: Receiver[]

beforeEach(async () => {
  world = await WebhookWorld.create()
  receiver = await new Receiver().start()
  others = []
})

afterEach(async () => {
  await world.close()
  for (const each of [receiver, ...others]) await each.stop()
})

async function anotherReceiver(): Promise<Receiver> {
  const another = await new Receiver().start()
  others.push(another)
  return another
}

const told = (received: readonly Received[]) => received.map(({ event: { type, data } }) => `${type} ${data.seq ?? ''}`)
const allTaken = (count: number) => () => receiver.taken.length >= count

test('a receiver hears of everything, signed, as the documented schemas say', async () => {
  const webhook = await world.webhook(receiver.url)
  world.start()
  const chat = world.conversation('chat')
  world.stream.publish(chat.created('ann', 'bob'), chat.said('ann', 'hello'), chat.said('bob', 'hi'))
  world.stream.publish(chat.marked('bob', 1, 0))
  world.stream.publish(chat.marked('bob', 2, 2), chat.changed('ann', ['cleo'], ['bob']))
  await world.clock.advanceUntil(allTaken(7), 10, 'seven events')
  await world.clock.advanceUntil(() => world.isDone(), 10, 'nothing waits')
  assert.deepEqual(told(receiver.received), [
    'conversation.created ',
    'message.sent 1',
    'message.sent 2',
    'message.delivered 1',
    'message.read 1',
    'member.added 3',
    'member.removed 3',
  ])
  for (const received of receiver.received) {
    Receiver.verify(webhook.secrets[0]!.secret, received)
    assert.equal(received.attempt, 1)
    const { schema } = webhookEvents.find(({ type }) => type === received.event.type)!
    assert.deepEqual(schema.parse(received.event), received.event)
  }
  const [, sent] = receiver.received
  assert.equal(sent!.event.data.message_id, '00000000-0000-4000-8000-000000000001')
  assert.match(String(sent!.headers.traceparent), /^00-0af7651916cd43dd8448eb211c80319c-/)
})

test('a receiver hears of roles, labels and what is erased', async () => {
  await world.webhook(receiver.url)
  world.start()
  const chat = world.conversation('chat')
  const [promoted, demoted] = [['bob'], ['ann']] as unknown as [never, never]
  world.stream.publish(
    chat.changed('ann', [], [], { promoted, demoted, metadata: { topic: 'tea' } }),
    chat.changed('shop', [], ['bob'], { forgotten: 'bob' as never }),
    chat.changed('shop', [], [], { erased: true }),
    chat.marked('cleo', 3, 3),
  )
  await world.clock.advanceUntil(allTaken(4), 10, 'four events')
  await world.clock.advanceUntil(() => world.isDone(), 10, 'nothing waits')
  assert.deepEqual(told(receiver.received), [
    'conversation.changed 1',
    'member.removed 2',
    'messages.erased 2',
    'messages.erased 3',
  ])
  for (const { event } of receiver.received) {
    const { schema } = webhookEvents.find(({ type }) => type === event.type)!
    assert.deepEqual(schema.parse(event), event)
  }
  const [changed, , forgotten, erased] = receiver.received.map(({ event }) => event.data)
  assert.deepEqual(
    [changed!.promoted, changed!.demoted, changed!.metadata, forgotten!.user, 'user' in erased!],
    [['bob'], ['ann'], { topic: 'tea' }, 'bob', false],
  )
})

test('a webhook hears only of its app, of the types it asked for, and of what was after its registration', async () => {
  const chat = world.conversation('chat')
  const theirs = world.conversation('theirs', 'other' as never)
  world.stream.publish(chat.said('ann', 'before'))
  world.clock.advance(1)
  await world.webhook(receiver.url, { events: ['message.sent'] })
  world.start()
  world.stream.publish(theirs.said('ann', 'other'), chat.said('ann', 'after'), chat.marked('bob', 2, 2))
  await world.clock.advanceUntil(allTaken(1), 10, 'one event')
  world.stream.publish(chat.said('ann', 'last'))
  await world.clock.advanceUntil(allTaken(2), 10, 'two events')
  assert.deepEqual(told(receiver.received), ['message.sent 2', 'message.sent 3'])
})

test('a webhook that is registered hears of the next event, though definitions are looked at now and then only', async () => {
  await world.webhook(receiver.url, { events: ['conversation.created'] })
  world.start()
  const chat = world.conversation('chat')
  world.stream.publish(chat.said('ann', '1'))
  await world.clock.advanceUntil(() => world.stream.isRead, 10, 'the first is read')
  await world.webhook(receiver.url, { events: ['message.sent'] })
  world.stream.publish(chat.said('ann', '2'))
  // Not one tick of the clock.
  await world.clock.advanceUntil(allTaken(1), 0, 'the event')
  assert.deepEqual(told(receiver.received), ['message.sent 2'])
})

test('receipts of messages that came by long ago are looked up in the view', async () => {
  const chat = world.conversation('chat')
  for (let n = 1; n <= 300; n++) chat.said(n % 2 === 0 ? 'ann' : 'bob', String(n))
  await world.webhook(receiver.url, { events: ['message.read'] })
  world.start()
  world.stream.publish(chat.marked('bob', 300, 300))
  await world.clock.advanceUntil(allTaken(150), 100, 'a receipt for each message of ann')
  assert.deepEqual(
    receiver.taken.map(({ event }) => event.data.seq),
    Array.from({ length: 150 }, (_, n) => 2 * n + 2),
  )
  assert.ok(receiver.taken.every(({ event: { data } }) => data.from === 'ann' && data.user === 'bob'))
})

test('while a secret is rotated both sign, then the new one alone', async () => {
  const webhook = await world.webhook(receiver.url)
  const old = webhook.secrets[0]!.secret
  const fresh = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  await world.store.definitions.update(webhook, (stored) => ({
    ...stored,
    secrets: [
      { secret: fresh, expires: undefined },
      { secret: old, expires: world.clock.now() + 60_000 },
    ],
  }))
  world.start()
  const chat = world.conversation('chat')
  world.stream.publish(chat.said('ann', '1'))
  await world.clock.advanceUntil(allTaken(1), 10, 'the first')
  world.clock.advance(60_000)
  world.stream.publish(chat.said('ann', '2'))
  await world.clock.advanceUntil(allTaken(2), 10, 'the second')
  const [both, one] = receiver.received as [Received, Received]
  assert.equal(both.signature.split(' ').length, 2)
  assert.match(one.signature, /^v1,\S+$/)
  Receiver.verify(fresh, both)
  Receiver.verify(old, both)
  Receiver.verify(fresh, one)
  assert.throws(() => Receiver.verify(old, one))
})

test('a receiver that is down for a minute misses nothing, and hears it in the order of each conversation', async () => {
  await world.webhook(receiver.url, { events: ['message.sent'] })
  world.start()
  const chats = [world.conversation('a'), world.conversation('b'), world.conversation('c')]
  const say = (n: number) => world.stream.publish(...chats.map((chat) => chat.said('ann', String(n))))
  for (let n = 0; n < 10; n++) say(n)
  await world.clock.advanceUntil(allTaken(30), 10, 'all before')
  await receiver.stop()
  for (let n = 10; n < 40; n++) say(n)
  for (let second = 0; second < 60; second++) {
    world.clock.advance(1_000)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  // The stream is not held up by it.
  await world.clock.advanceUntil(() => world.stream.isRead, 10, 'the stream goes on')
  assert.equal((await world.store.queue.backlogs()).length, 1)
  await receiver.start()
  await world.clock.advanceUntil(allTaken(120), 500, 'all')
  await world.clock.advanceUntil(() => world.isDone(), 500, 'nothing waits')
  for (const { id } of chats) {
    const seqs = receiver.taken
      .filter(({ event }) => event.data.conversation_id === id)
      .map(({ event }) => event.data.seq)
    assert.deepEqual(
      seqs,
      Array.from({ length: 40 }, (_, n) => n + 1),
    )
  }
})

test('a slow receiver holds up nobody else', async () => {
  const slow = await anotherReceiver()
  let release = (): void => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  slow.answer = () => released.then(() => 204)
  world.isKeptWaiting = true
  await world.webhook(slow.url)
  await world.webhook(receiver.url)
  world.start()
  const chat = world.conversation('chat')
  for (let n = 0; n < 20; n++) world.stream.publish(chat.said('ann', String(n)))
  await world.clock.advanceUntil(() => world.stream.isRead, 50, 'the stream goes on')
  await world.clock.advanceUntil(allTaken(20), 50, 'the other one gets all')
  assert.equal(slow.taken.length, 0)
  release()
  await world.clock.advanceUntil(() => slow.taken.length === 20, 50, 'the slow one gets all')
})

test('one message that is always refused holds up its own conversation for a while, and no other', async () => {
  await world.webhook(receiver.url, { events: ['message.sent'] })
  world.start()
  const poisoned = world.conversation('poisoned')
  const fine = world.conversation('fine')
  receiver.answer = ({ event }) => (event.data.conversation_id === 'poisoned' && event.data.seq === 2 ? 500 : 204)
  for (let n = 1; n <= 3; n++) world.stream.publish(poisoned.said('ann', String(n)), fine.said('ann', String(n)))
  await world.clock.advanceUntil(allTaken(4), 1_000, 'the other conversation goes on')
  for (let n = 4; n <= 6; n++) {
    world.stream.publish(fine.said('ann', String(n)))
    await world.clock.advanceUntil(() => world.stream.isRead, 1_000, 'read')
  }
  await world.clock.advanceUntil(allTaken(8), 1_000, 'what is behind it is delivered')
  const attempts = receiver.received.filter(({ status }) => status === 500)
  assert.ok(attempts.length >= 3)
  assert.deepEqual(new Set(attempts.map(({ id }) => id)).size, 1)
  assert.deepEqual(
    attempts.map(({ attempt }) => attempt),
    attempts.map((_, n) => n + 1),
  )
  // It is mended at last.
  receiver.answer = () => 204
  await world.clock.advanceUntil(() => world.isDone(), 60_000, 'nothing waits')
  assert.equal(receiver.taken.length, 9)
})

test('what is refused for three days is a dead letter with its last attempts, and is attempted no more', async () => {
  const webhook = await world.webhook(receiver.url, { events: ['message.sent'] })
  world.start()
  receiver.answer = () => 500
  const began = world.clock.now()
  world.stream.publish(world.conversation('chat').said('ann', '1'))
  const dead = async () => (await world.store.history.pages(webhook, 'dead', { limit: 10 }))[0]?.deliveries[0]
  await world.clock.advanceUntil(async () => (await dead()) !== undefined, 600_000, 'it is dead')
  const { attempts, attemptLog } = (await dead())!
  assert.ok(attempts >= 12, `${attempts} attempts`)
  assert.ok(attemptLog.at(-1)!.at - began > 24 * 3_600_000)
  const { number, status, error, excerpt } = attemptLog.at(-1)!
  assert.deepEqual([number, status, error, excerpt], [attempts, 500, 'it answered 500', 'no, thank you'])
  await world.clock.advanceUntil(() => world.isDone(), 1_000, 'nothing waits')
  const before = receiver.received.length
  world.clock.advance(86_400_000)
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(receiver.received.length, before)
})

test('a webhook that takes nothing for days is disabled; another of the app hears of it; what waited is dead', async () => {
  const failing = await world.webhook(receiver.url, { events: ['message.sent'] })
  const watching = await anotherReceiver()
  await world.webhook(watching.url, { events: ['webhook.disabled'] })
  world.start()
  receiver.answer = () => 500
  const chat = world.conversation('chat')
  const enabled = async () => (await world.store.definitions.get(failing))!.enabled
  // Every six hours; not in the last ones: what is said after the end is not told.
  const HOUR_MS = 3_600_000
  const began = world.clock.now()
  let saidHours = -6
  await world.clock.advanceUntil(
    async () => {
      const hours = (world.clock.now() - began) / HOUR_MS
      if (hours >= saidHours + 6 && hours < 100) {
        saidHours = hours
        world.stream.publish(chat.said('ann', String(hours)))
      }
      return !(await enabled())
    },
    1_800_000,
    'it is disabled',
  )
  assert.equal((await world.store.definitions.get(failing))!.disabledReason, 'failing')
  await world.clock.advanceUntil(() => watching.taken.length === 1, 100, 'the other one hears')
  assert.deepEqual(told(watching.taken), ['webhook.disabled '])
  await world.clock.advanceUntil(() => world.isDone(), 1_000, 'nothing waits')
  const dead = (await world.store.history.pages(failing, 'dead', { limit: 100 })).flatMap(
    ({ deliveries }) => deliveries,
  )
  assert.equal(new Set(dead.map(({ id }) => id)).size, chat.head)
})

test('410 disables a webhook at once', async () => {
  const webhook = await world.webhook(receiver.url)
  world.start()
  receiver.answer = () => 410
  world.stream.publish(world.conversation('chat').said('ann', '1'))
  await world.clock.advanceUntil(
    async () => (await world.store.definitions.get(webhook))!.disabledReason === 'gone',
    10,
    'it is disabled',
  )
  assert.equal(receiver.received.length, 1)
})

test('redirects are not followed, long answers are cut off, and both are told in the attempts', async () => {
  const webhook = await world.webhook(receiver.url, { events: ['message.sent'] })
  world.start()
  const other = await anotherReceiver()
  receiver.answer = (received, res) => {
    if (received.attempt === 1) {
      received.status = 302
      res.writeHead(302, { location: other.url }).end()
    } else {
      received.status = 200
      res.writeHead(200)
      const more = (): void => {
        while (!res.destroyed && res.write('x'.repeat(10_000)));
        if (!res.destroyed) res.once('drain', more)
      }
      more()
    }
    return undefined
  }
  world.stream.publish(world.conversation('chat').said('ann', '1'))
  await world.clock.advanceUntil(() => world.isDone(), 1_000, 'it is delivered')
  await world.clock.advanceUntil(
    async () => (await world.store.history.pages(webhook, 'succeeded', { limit: 1 })).length > 0,
    1_000,
    'it is kept',
  )
  const [page] = await world.store.history.pages(webhook, 'succeeded', { limit: 1 })
  const [first, second] = page!.deliveries[0]!.attemptLog
  assert.deepEqual([first!.status, first!.error], [302, 'it answered 302'])
  assert.equal(second!.excerpt!.length, 1_024)
  assert.equal(other.received.length, 0)
})

test('a receiver that asks for time with retry-after gets it', async () => {
  await world.webhook(receiver.url, { events: ['message.sent'] })
  world.start()
  receiver.answer = (received, res) => {
    if (received.attempt > 1) return 204
    received.status = 429
    res.writeHead(429, { 'retry-after': '120' }).end()
    return undefined
  }
  const chat = world.conversation('chat')
  world.stream.publish(chat.said('ann', '1'))
  await world.clock.advanceUntil(() => receiver.received.length === 1 && world.stream.isRead, 10, 'the first attempt')
  const began = world.clock.now()
  await world.clock.advanceUntil(allTaken(1), 1_000, 'it is delivered')
  assert.ok(world.clock.now() - began >= 119_000)
})

test('what a process that died left waiting is delivered by another, once its claim is over', async () => {
  await world.webhook(receiver.url, { events: ['message.sent'] })
  world.start({ holder: 'one' })
  receiver.answer = () => 500
  const chat = world.conversation('chat')
  world.stream.publish(chat.said('ann', '1'), chat.said('ann', '2'))
  const holder = async () => (await world.store.queue.backlogs())[0]?.holder
  await world.clock.advanceUntil(async () => (await holder()) === 'one', 10, 'the first delivers')
  await world.silence()
  receiver.answer = () => 204
  world.start({ holder: 'two' })
  const began = world.clock.now()
  await world.clock.advanceUntil(() => world.isDone(), 1_000, 'the second has delivered')
  assert.ok(world.clock.now() - began >= 10_000)
  assert.deepEqual(told(receiver.taken), ['message.sent 1', 'message.sent 2'])
})

test('while another process delivers what waits, new events go behind it', async () => {
  const webhook = await world.webhook(receiver.url, { events: ['message.sent'] })
  const chat = world.conversation('chat')
  await world.store.queue.touch(webhook)
  const until = world.clock.now() + 60_000
  await world.store.queue.claim(webhook, { holder: 'other', until })
  world.start({ holder: 'one' })
  await world.clock.advanceUntil(() => world.clock.now() > until - 55_000, 500, 'it has seen the backlog')
  world.stream.publish(chat.said('ann', '1'))
  await world.clock.advanceUntil(() => world.stream.isRead, 10, 'the event is written down')
  assert.equal(receiver.received.length, 0)
  await world.clock.advanceUntil(allTaken(1), 1_000, 'the claim is over')
  assert.ok(world.clock.now() >= until)
})

test('a deleted webhook leaves nothing behind', async () => {
  const webhook = await world.webhook(receiver.url, { events: ['message.sent'] })
  world.start()
  receiver.answer = () => 500
  world.stream.publish(world.conversation('chat').said('ann', '1'))
  await world.clock.advanceUntil(() => world.stream.isRead, 100, 'it waits')
  await world.store.definitions.remove(webhook)
  await world.store.queue.touch(webhook)
  await world.clock.advanceUntil(() => world.isDone(), 1_000, 'nothing waits')
  assert.deepEqual(await world.store.queue.chunks(webhook, { limit: 1 }), [])
  assert.deepEqual(await world.store.history.pages(webhook, 'dead', { limit: 1 }), [])
})

test('after the last webhook nothing is kept of the stream for it; one that comes later hears of what comes', async () => {
  const first = await world.webhook(receiver.url)
  world.start()
  const chat = world.conversation('chat')
  world.stream.publish(chat.said('ann', '1'))
  await world.clock.advanceUntil(allTaken(1), 10, 'the first event')
  const forgotten = () => world.stream.forgotten.has('webhooks')
  assert.ok(!forgotten())
  await world.store.definitions.update(first, (stored) => ({ ...stored, enabled: false }))
  world.stream.publish(chat.said('ann', '2'))
  await world.clock.advanceUntil(() => world.stream.isRead, 10, 'a disabled one keeps nothing back')
  assert.ok(!forgotten())
  await world.store.definitions.remove(first)
  await world.clock.advanceUntil(forgotten, 1_000, 'the group is forgotten')
  await world.webhook(receiver.url)
  world.stream.publish(chat.said('ann', '3'))
  await world.clock.advanceUntil(allTaken(2), 1_000, 'the event after')
  assert.ok(!forgotten())
  assert.deepEqual(told(receiver.received), ['message.sent 1', 'message.sent 3'])
})
