import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type AppId,
  type EdgeId,
  ERRORS,
  type LogId,
  type Millis,
  message,
  Reader,
  type RequestFrame,
  type Seq,
} from '@chat4all/protocol'
import { type LinkId, SHARD_DEFAULTS, ShardNodeCore } from './index.js'
import {
  ALICE,
  APP,
  acked,
  at,
  BOB,
  CONVERSATION,
  EVE,
  idOf,
  NODE,
  only,
  open,
  post,
  refused,
  subscribe,
  text,
  World,
} from './testing/world.js'

test('messages get seqs 1, 2, 3 in the order sent, and reach the subscribers in one fan-out', () => {
  const world = new World()
  world.send(open(), subscribe())
  const frames = world.send(post(1), post(2), post(3))
  assert.deepEqual(
    acked(frames).map(({ seq }) => seq),
    [1, 2, 3],
  )
  const [fanout, ...rest] = only(frames, 'fanout')
  assert.equal(rest.length, 0)
  assert.deepEqual([fanout?.after, fanout?.upto, fanout?.count], [0, 3, 3])
  const first = message.read(new Reader(fanout!.messages))
  assert.deepEqual([first.seq, first.from, first.payload], [1, ALICE, { type: 'text', text: 'message 1' }])
})

test('nothing is acknowledged or shown before the append has completed', () => {
  const world = new World()
  world.send(open(), subscribe())
  world.holdAppends = true
  assert.deepEqual(world.send(post(1)), [])
  assert.equal(
    only(world.send({ t: 'read', ...at(), limit: 10 }), 'reply').length,
    0,
    'a fresh read waits for what was assigned before it',
  )
  world.frames.length = 0
  world.releaseAppends()
  assert.deepEqual(
    acked(world.frames).map(({ seq }) => seq),
    [1],
  )
  assert.equal(only(world.frames, 'reply').length, 1)
})

test('the same message again gets its seq, before and after its commit, and another under its id is a conflict', () => {
  const world = new World()
  world.send(open())
  world.holdAppends = true
  world.send(post(1), post(1))
  world.frames.length = 0
  world.releaseAppends()
  assert.deepEqual(
    acked(world.frames).map(({ seq }) => seq),
    [1, 1],
  )
  assert.deepEqual(
    acked(world.send(post(1))).map(({ seq }) => seq),
    [1],
  )
  assert.deepEqual(refused(world.send(post(1, { payload: text('other words') }))), [ERRORS.CONFLICT.wire])
  assert.deepEqual(
    acked(world.send(post(2))).map(({ seq }) => seq),
    [2],
  )
})

test('a message_id that may be older than the window is looked up in the view, and what follows waits behind it', () => {
  const world = new World()
  world.send(open())
  world.send(post(1), post(2))
  world.core = new ShardNodeCore({ ...SHARD_DEFAULTS, node: NODE })
  world.begin('log-2' as LogId, ['log-1' as LogId])
  const frames = world.send(post(1), post(3))
  assert.ok(world.calls.includes('find'))
  assert.deepEqual(
    acked(frames).map(({ seq }) => seq),
    [1, 3],
  )
})

test('nothing is looked up where the window reaches back to what the sender had seen', () => {
  const looksUp = (seen: number | undefined): boolean => {
    const world = new World()
    world.send(open())
    world.send(post(1), post(2))
    world.core = new ShardNodeCore({ ...SHARD_DEFAULTS, node: NODE })
    world.begin('log-2' as LogId, ['log-1' as LogId])
    world.send(post(3, { seen: 2 as Seq }))
    assert.ok(!world.calls.includes('find'))
    const frames = world.send(post(4, seen === undefined ? {} : { seen: seen as Seq }))
    assert.deepEqual(
      acked(frames).map(({ seq }) => seq),
      [4],
    )
    return world.calls.includes('find')
  }
  assert.equal(looksUp(3), false)
  assert.equal(looksUp(2), false, 'the window of the new owner has 3')
  assert.equal(looksUp(1), true)
  assert.equal(looksUp(undefined), true)
  assert.equal(looksUp(4), true, 'seq 4 did not exist: that was another history')
})

test('an owner whose log was sealed acknowledges nothing more and sends its edges away', () => {
  const world = new World()
  world.send(open(), subscribe())
  world.sealed = true
  const frames = world.send(post(1))
  assert.deepEqual(acked(frames), [])
  assert.deepEqual(only(frames, 'fanout'), [])
  assert.deepEqual(
    only(frames, 'bounce').map(({ reason }) => reason),
    ['not_owner'],
  )
})

test('a recovery is not told what its node asked of the same log in an earlier incarnation', () => {
  const world = new World()
  world.core = new ShardNodeCore({ ...SHARD_DEFAULTS, node: NODE })
  world.holdRecoveries = true
  world.begin('log-2' as LogId, ['log-1' as LogId])
  world.core.sealChecked('log-2' as LogId, 1, true, world.now)
  world.begin('log-3' as LogId, ['log-1' as LogId])
  const [earlier, own] = world.heldRecoveries.filter(({ log }) => log === 'log-1')
  assert.deepEqual([earlier?.step, own?.step], [{ type: 'seal' }, { type: 'seal' }])
  const asksOn = (step: typeof own) => {
    world.core.recoveryStep('log-1' as LogId, { type: 'sealed' }, world.now, step!.step)
    return world.core.takeEffects().some((effect) => effect.type === 'recover')
  }
  assert.equal(asksOn(earlier), false)
  assert.equal(asksOn(own), true)
})

test('after a bounce the rest of the attempt is dropped, so that no later message overtakes', () => {
  const world = new World()
  world.send(open())
  world.core = new ShardNodeCore({ ...SHARD_DEFAULTS, node: NODE, pendingBytesMax: 300 })
  world.begin('log-2' as LogId, ['log-1' as LogId])
  world.holdAppends = true
  const posts = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => post(number, { attempt: 1 }))
  const frames = world.send(...posts)
  const [bounce] = only(frames, 'bounce')
  assert.equal(bounce?.reason, 'busy')
  world.frames.length = 0
  world.releaseAppends()
  const taken = acked(world.frames).length
  assert.equal(posts[taken]?.n, bounce?.n, 'everything before the bounced one was taken, nothing after')
  const again = world.send(...posts.slice(taken).map((frame) => ({ ...frame, attempt: 2 }) as RequestFrame))
  assert.equal(acked(again)[0]?.seq, taken + 1)
})

test('a slot that is not served bounces', () => {
  const world = new World()
  const core = new ShardNodeCore({ ...SHARD_DEFAULTS, node: NODE })
  world.core = core
  core.linkOpened(1 as LinkId, 'e1' as EdgeId, world.now)
  assert.deepEqual(
    only(world.send(post(1)), 'bounce').map(({ reason }) => reason),
    ['not_owner'],
  )
})

test('strangers, other apps and unknown conversations are told NOT_FOUND alike', () => {
  const world = new World()
  world.send(open())
  assert.deepEqual(refused(world.send(post(1, { from: EVE }))), [ERRORS.NOT_FOUND.wire])
  assert.deepEqual(refused(world.send(post(1, { app: 'other' as AppId }))), [ERRORS.NOT_FOUND.wire])
  assert.deepEqual(refused(world.send(subscribe(EVE))), [ERRORS.NOT_FOUND.wire])
  assert.deepEqual(refused(world.send({ t: 'read', ...at(), user: EVE, limit: 5 })), [ERRORS.NOT_FOUND.wire])
})

test('receipts in any order, doubled or late, end in the same state', () => {
  const marks = [
    [1, 0],
    [3, 2],
    [2, 1],
    [3, 3],
    [99, 99],
    [3, 2],
  ] as [number, number][]
  const end = (order: [number, number][]) => {
    const world = new World()
    world.send(open(), subscribe(ALICE))
    world.send(post(1), post(2), post(3))
    for (const [delivered, read] of order) {
      const frames = world.send({ t: 'mark', ...at(), user: BOB, delivered: delivered as Seq, read: read as Seq })
      assert.equal(only(frames, 'reply').length, 1)
    }
    const [reply] = only(world.send({ t: 'inspect', ...at(), user: BOB }), 'reply')
    assert.equal(reply?.answer.type, 'info')
    return reply?.answer.type === 'info' ? [reply.answer.info.delivered, reply.answer.info.read] : []
  }
  assert.deepEqual(end(marks), [3, 3])
  assert.deepEqual(end([...marks].reverse()), [3, 3])
})

test('members change in the order of the messages: who was removed may not send, who was added may', () => {
  const world = new World()
  world.send(open(), subscribe(BOB))
  const change: RequestFrame = {
    t: 'change',
    ...at(),
    message_id: idOf(50),
    by: ALICE,
    service: false,
    add: [EVE],
    remove: [BOB],
  }
  const frames = world.send(change, post(1, { from: EVE }), post(2, { from: BOB }))
  assert.deepEqual(
    acked(frames).map(({ seq }) => seq),
    [1, 2],
  )
  assert.deepEqual(refused(frames), [ERRORS.NOT_FOUND.wire])
  assert.deepEqual(
    only(frames, 'membership').map(({ joined, left }) => [joined, left]),
    [[[EVE], [BOB]]],
  )
  assert.deepEqual(
    acked(world.send(change)).map(({ seq }) => seq),
    [1],
    'asked again it is done once',
  )
  const notAdmin = world.send({
    t: 'change',
    ...at(),
    message_id: idOf(51),
    by: EVE,
    service: false,
    add: [BOB],
    remove: [],
  })
  assert.deepEqual(refused(notAdmin), [ERRORS.FORBIDDEN.wire])
})

test('an edge is told who was removed, and where, before the messages of the same flush; the last ones that it gets', () => {
  const world = new World()
  // Bob alone is subscribed by this link: with him it goes.
  world.send(open(), subscribe(BOB))
  const removal: RequestFrame = {
    t: 'change',
    ...at(),
    message_id: idOf(50),
    by: ALICE,
    service: false,
    add: [],
    remove: [BOB],
  }
  const frames = world.send(post(1), removal, post(2), post(3))
  assert.deepEqual(
    frames.map(({ t }) => t),
    ['membership', 'fanout', 'acks'],
  )
  const [membership] = only(frames, 'membership')
  assert.deepEqual([membership?.left, membership?.seq], [[BOB], 2])
  const [fanout] = only(frames, 'fanout')
  assert.deepEqual([fanout?.after, fanout?.upto, fanout?.count], [0, 4, 4], 'it holds the removal itself')
  assert.deepEqual(
    world.send(post(4)).map(({ t }) => t),
    ['acks'],
    'nobody is left behind this link',
  )
})

test('pages read upwards and downwards, from memory and from the view alike', () => {
  const world = new World()
  world.send(open())
  for (let number = 1; number <= 20; number++) world.send(post(number))
  const page = (range: { since?: Seq; before?: Seq; limit: number }) => {
    const [reply] = only(world.send({ t: 'read', ...at(), user: BOB, ...range }), 'reply')
    assert.equal(reply?.answer.type, 'page')
    const answer = reply!.answer as Extract<typeof reply & object, object>['answer'] & { type: 'page' }
    const seqs: number[] = []
    for (const reader = new Reader(answer.messages); !reader.done; ) seqs.push(message.read(reader).seq)
    return { after: answer.after, upto: answer.upto, head: answer.head, seqs }
  }
  const check = () => {
    assert.deepEqual(page({ since: 0 as Seq, limit: 3 }), { after: 0, upto: 3, head: 20, seqs: [1, 2, 3] })
    assert.deepEqual(page({ since: 18 as Seq, limit: 5 }), { after: 18, upto: 20, head: 20, seqs: [19, 20] })
    assert.deepEqual(page({ since: 20 as Seq, limit: 5 }), { after: 20, upto: 20, head: 20, seqs: [] })
    assert.deepEqual(page({ limit: 2 }), { after: 18, upto: 20, head: 20, seqs: [19, 20] })
    assert.deepEqual(page({ before: 4 as Seq, limit: 10 }), { after: 0, upto: 3, head: 20, seqs: [1, 2, 3] })
    assert.deepEqual(page({ before: 10 as Seq, limit: 2 }), { after: 7, upto: 9, head: 20, seqs: [8, 9] })
  }
  check()
  world.now = (world.now + 10_000) as Millis
  world.core.tick(world.now)
  world.run()
  check()
})

test('the conversations of a user are listed before the view knows them', () => {
  const world = new World()
  world.send(open())
  const [listed] = only(world.send({ t: 'enumerate', id: 7, app: APP, user: BOB }), 'enumerated')
  assert.deepEqual(
    listed?.conversations.map(({ conversation }) => conversation),
    [CONVERSATION],
  )
  assert.equal(listed?.last, true)
})

test('what a node replays after a crash is what it had acknowledged', () => {
  const world = new World()
  world.send(open())
  world.send(post(1), post(2))
  world.core = new ShardNodeCore({ ...SHARD_DEFAULTS, node: NODE })
  world.begin('log-2' as LogId, ['log-1' as LogId])
  assert.deepEqual(
    acked(world.send(post(3))).map(({ seq }) => seq),
    [3],
  )
  assert.ok(world.rows.every(({ epoch, log }) => epoch === 2 && log === 'log-2'))
})

test('a stranger is not told whether a message_id was used', () => {
  const world = new World()
  world.send(open())
  world.send(post(1))
  assert.deepEqual(refused(world.send(post(1, { from: EVE }))), [ERRORS.NOT_FOUND.wire])
  assert.deepEqual(refused(world.send(post(1, { from: BOB }))), [ERRORS.CONFLICT.wire])
})

test('a page before the first message is empty', () => {
  const world = new World()
  world.send(open())
  world.send(post(1))
  const [reply] = only(world.send({ t: 'read', ...at(), before: 0 as Seq, limit: 5 }), 'reply')
  assert.deepEqual(
    reply?.answer.type === 'page' ? [reply.answer.after, reply.answer.upto, reply.answer.count] : [],
    [0, 0, 0],
  )
})
