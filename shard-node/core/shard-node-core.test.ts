import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type AppId,
  type ConversationId,
  type EdgeId,
  type EdgeLinkFrame,
  ERRORS,
  type LogId,
  type Millis,
  message,
  type NodeId,
  type NodeLinkFrame,
  type Offset,
  payload,
  Reader,
  type RequestFrame,
  type Seq,
  SLOTS,
  type SlotRow,
  type StoredMessage,
  slotOf,
  type UserId,
  Writer,
} from '@chat4all/protocol'
import { type Effect, type LinkId, SHARD_DEFAULTS, ShardNodeCore } from './index.js'
import { changesOf } from './recovery.js'

const APP = 'demo' as AppId
const NODE = 'n1' as NodeId
const CONVERSATION = 'c1' as ConversationId
const SLOT = slotOf(CONVERSATION)
const [ALICE, BOB, EVE] = ['alice', 'bob', 'eve'] as UserId[] as [UserId, UserId, UserId]

/** One core and the least world around it: a log in memory, a view that is a log replayed, effects carried out at once. */
class World {
  core = new ShardNodeCore({ ...SHARD_DEFAULTS, node: NODE })
  now = 1_000_000 as Millis
  readonly log: Uint8Array[] = []
  sealed = false
  holdAppends = false
  readonly heldAppends: Effect[] = []
  holdRecoveries = false
  readonly heldRecoveries: Extract<Effect, { type: 'recover' }>[] = []
  readonly frames: NodeLinkFrame[] = []
  readonly rows: SlotRow[] = []
  readonly calls: string[] = []
  private readonly link = 1 as LinkId

  constructor() {
    this.begin('log-1' as LogId, [])
  }

  begin(log: LogId, old: LogId[]): void {
    this.sealed = false
    this.core.start(log, old, this.now)
    this.core.membersChanged([NODE], new Array(SLOTS).fill(NODE), this.now)
    this.run()
    this.core.linkOpened(this.link, 'e1' as EdgeId, this.now)
  }

  send(...frames: EdgeLinkFrame[]): NodeLinkFrame[] {
    this.frames.length = 0
    this.core.frames(this.link, frames, this.now)
    this.run()
    return this.frames.slice()
  }

  run(): void {
    this.core.flush(this.now)
    for (let effects = this.core.takeEffects(); effects.length > 0; effects = this.core.takeEffects()) {
      for (const effect of effects) this.perform(effect)
      this.core.flush(this.now)
    }
  }

  releaseAppends(): void {
    this.holdAppends = false
    for (const effect of this.heldAppends.splice(0)) this.perform(effect)
    this.run()
  }

  stored(): StoredMessage[] {
    const found: StoredMessage[] = []
    for (const change of changesOf(this.log)) {
      if (change.conversation !== CONVERSATION || change.messages === undefined) continue
      let at = 0
      change.messages.lengths.forEach((length, i) => {
        found.push({
          seq: (change.messages!.firstSeq + i) as Seq,
          bytes: change.messages!.bytes.subarray(at, at + length),
        })
        at += length
      })
    }
    return found
  }

  private perform(effect: Effect): void {
    const { core, now } = this
    this.calls.push(effect.type)
    switch (effect.type) {
      case 'send':
        this.frames.push(effect.frame)
        return
      case 'open-log':
        return core.opened(effect.log, now)
      case 'append':
        if (this.holdAppends) {
          this.heldAppends.push(effect)
          return
        }
        this.log.push(effect.entry)
        return core.appended(effect.log, effect.offset, now)
      case 'check-seal':
        return core.sealChecked(effect.log, effect.check, this.sealed, now)
      case 'load': {
        const change = changesOf(this.log).find(({ conversation }) => conversation === effect.conversation)
        if (change?.data === undefined) return core.loaded(effect.log, effect.conversation, undefined, undefined, now)
        const head = change.messages?.lastSeq ?? (0 as Seq)
        const stored = {
          data: change.data,
          members: change.members ?? [],
          cursors: change.cursors ?? [],
          head,
          first: 1 as Seq,
        }
        return core.loaded(effect.log, effect.conversation, stored, this.stored().at(-1), now)
      }
      case 'find': {
        const id = Buffer.from(effect.messageId).toString('hex')
        const hit = this.stored().find(
          ({ bytes }) => Buffer.from(message.read(new Reader(bytes)).message_id).toString('hex') === id,
        )
        return core.found(effect.token, hit?.seq, now)
      }
      case 'read-messages': {
        const range = this.stored().filter(({ seq }) => seq > effect.after && seq < effect.before)
        return core.messagesRead(
          effect.token,
          effect.newestFirst ? range.slice(-effect.limit) : range.slice(0, effect.limit),
          now,
        )
      }
      case 'list':
        return core.listed(effect.token, [CONVERSATION], now)
      case 'apply':
        return core.applied(effect.log, effect.upTo, now)
      case 'read-slots':
        return core.slotsRead(effect.log, this.rows, now)
      case 'claim':
        for (const { slot, to } of effect.moves) this.rows[slot] = { slot, ...to }
        return core.claimed(
          effect.log,
          effect.moves.map(() => true),
          now,
        )
      case 'recover':
        if (this.holdRecoveries) {
          this.heldRecoveries.push(effect)
          return
        }
        switch (effect.step.type) {
          case 'seal':
            return core.recoveryStep(effect.log, { type: 'sealed' }, now, effect.step)
          case 'cursor':
            return core.recoveryStep(effect.log, { type: 'cursor', materialised: 0 as Offset }, now, effect.step)
          case 'read':
            return core.recoveryStep(
              effect.log,
              { type: 'entries', entries: this.log.slice(effect.step.from, effect.step.from + effect.step.limit) },
              now,
              effect.step,
            )
          case 'write-back':
            return core.recoveryStep(effect.log, { type: 'written-back' }, now, effect.step)
          case 'decide-end':
            return core.recoveryStep(effect.log, { type: 'end', end: effect.step.end }, now, effect.step)
          case 'apply':
            return core.recoveryStep(effect.log, { type: 'applied' }, now, effect.step)
          case 'save-cursor':
            return core.recoveryStep(effect.log, { type: 'cursor-saved' }, now, effect.step)
        }
    }
  }
}

let n = 0
const at = () => ({ slot: SLOT, attempt: 0, n: ++n, app: APP, conversation: CONVERSATION })
const open = (): RequestFrame => ({
  t: 'open',
  ...at(),
  type: 'group',
  members: [ALICE, BOB],
  admins: [ALICE],
  as: ALICE,
})
const subscribe = (user = BOB): RequestFrame => ({ t: 'subscribe', ...at(), user })
const writer = new Writer()
const text = (words: string) => {
  payload.write(writer, { type: 'text', text: words })
  return writer.take()
}
const idOf = (number: number) => new Uint8Array(16).fill(number)
const post = (number: number, more: Partial<Extract<RequestFrame, { t: 'post' }>> = {}): RequestFrame => ({
  t: 'post',
  ...at(),
  message_id: idOf(number),
  from: ALICE,
  payload: text(`message ${number}`),
  ...more,
})
const only = <T extends NodeLinkFrame['t']>(frames: readonly NodeLinkFrame[], t: T) =>
  frames.filter((frame): frame is Extract<NodeLinkFrame, { t: T }> => frame.t === t)
const acked = (frames: readonly NodeLinkFrame[]) => only(frames, 'acks').flatMap(({ items }) => items)
const refused = (frames: readonly NodeLinkFrame[]) => only(frames, 'refuse').map(({ code }) => code)

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
  const again = world.send(
    ...posts.slice(taken).map((frame) => ({ ...frame, attempt: 2, retry: true }) as RequestFrame),
  )
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
    acked(world.send({ ...change, retry: true })).map(({ seq }) => seq),
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
