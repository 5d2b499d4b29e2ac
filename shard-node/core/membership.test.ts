import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  decodeMessages,
  ERASED_USER,
  ERRORS,
  type LogId,
  type Message,
  message,
  messageIdFromBytes,
  type NodeLinkFrame,
  Reader,
  type RequestFrame,
  type Seq,
  type UserId,
} from '@chat4all/protocol'
import { messageId, storedMessageId } from '@chat4all/protocol/rest'
import { SHARD_DEFAULTS, ShardNodeCore } from './index.js'
import { changesOf } from './recovery.js'
import {
  ALICE,
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
  World,
} from './testing/world.js'

type Change = Extract<RequestFrame, { t: 'change' }>
const change = (number: number, by: UserId, more: Partial<Change>): Change => ({
  t: 'change',
  ...at(),
  message_id: idOf(number),
  by,
  service: false,
  add: [],
  remove: [],
  ...more,
})
const service = (number: number, more: Partial<Change>): Change =>
  change(number, 'shop' as UserId, { service: true, ...more })

function infoOf(world: World) {
  const [reply] = only(world.send({ t: 'inspect', ...at() }), 'reply')
  assert.equal(reply?.answer.type, 'info')
  return reply.answer.info
}

function rolesOf(world: World): Record<string, string> {
  return Object.fromEntries((infoOf(world).members ?? []).map(({ user, role }) => [user, role]))
}

function messagesOf(frames: readonly NodeLinkFrame[]): Message[] {
  const [reply] = only(frames, 'reply')
  assert.equal(reply?.answer.type, 'page')
  return decodeMessages(reply.answer.messages)
}
const seqsOf = (frames: readonly NodeLinkFrame[]) => messagesOf(frames).map(({ seq }) => seq)
const read = (): RequestFrame => ({ t: 'read', ...at(), since: 0 as Seq, limit: 100 })

/** Another owner, which knows only the log. */
function takeOver(world: World): void {
  world.core = new ShardNodeCore({ ...SHARD_DEFAULTS, node: NODE })
  world.begin('log-2' as LogId, ['log-1' as LogId])
}

test('an admin makes others admins and takes it back; whoever is none may not', () => {
  const world = new World()
  world.send(open())
  assert.deepEqual(refused(world.send(change(1, BOB, { promote: [BOB] }))), [ERRORS.FORBIDDEN.wire])
  world.send(change(2, ALICE, { add: [EVE], promote: [EVE, BOB] }))
  assert.deepEqual(rolesOf(world), { alice: 'admin', bob: 'admin', eve: 'admin' })
  world.send(change(3, BOB, { demote: [ALICE] }))
  assert.deepEqual(rolesOf(world), { alice: 'member', bob: 'admin', eve: 'admin' })
  assert.deepEqual(refused(world.send(change(4, ALICE, { add: ['zoe' as UserId] }))), [ERRORS.FORBIDDEN.wire])
  takeOver(world)
  assert.deepEqual(rolesOf(world), { alice: 'member', bob: 'admin', eve: 'admin' })
})

test('labels are changed by admins, and the next owner has them', () => {
  const world = new World()
  world.send(open())
  assert.deepEqual(refused(world.send(change(1, BOB, { metadata: { topic: 'tea' } }))), [ERRORS.FORBIDDEN.wire])
  world.send(change(2, ALICE, { metadata: { topic: 'tea' } }))
  assert.deepEqual(infoOf(world).metadata, { topic: 'tea' })
  assert.deepEqual(refused(world.send(change(2, ALICE, { metadata: { topic: 'coffee' } }))), [ERRORS.CONFLICT.wire])
  assert.deepEqual(
    acked(world.send(change(2, ALICE, { metadata: { topic: 'tea' } }))).map(({ seq }) => seq),
    [1],
  )
  const { metadata, version } = changesOf(world.log).at(-1)!.labels!
  assert.deepEqual([{ ...metadata }, version], [{ topic: 'tea' }, 1])
})

test('only a service erases; then nobody is a member, nothing can be read, and edges are told', () => {
  const world = new World()
  world.send(open(), subscribe(), subscribe(ALICE))
  world.send(post(1), post(2))
  assert.deepEqual(refused(world.send(change(3, ALICE, { erase: true }))), [ERRORS.FORBIDDEN.wire])
  const told = only(world.send(service(3, { erase: true })), 'membership')
  assert.deepEqual(
    told.map(({ left, seq }) => [[...left].sort(), seq]),
    [[['alice', 'bob'], 3]],
  )
  for (const frame of [read(), post(4), { t: 'inspect', ...at() } satisfies RequestFrame]) {
    assert.deepEqual(refused(world.send(frame)), [ERRORS.NOT_FOUND.wire])
  }
  const erasing = changesOf(world.log).find(({ erase }) => erase !== undefined)
  assert.deepEqual(erasing?.erase, { upto: 3 })
  assert.equal(erasing?.messages?.lastSeq, 3)
})

test('a conversation that was erased can be opened anew: its seqs go on, and what was said stays gone', () => {
  const world = new World()
  world.send(open())
  world.send(post(1), post(2), service(3, { erase: true }))
  const [opened] = only(world.send(open()), 'reply')
  assert.equal(opened?.answer.type === 'opened' && opened.answer.created, true)
  world.send(post(5))
  assert.deepEqual(seqsOf(world.send(read())), [4, 5])
  assert.deepEqual(rolesOf(world), { alice: 'admin', bob: 'member' })
  const changes = changesOf(world.log)
  assert.deepEqual(
    changes.flatMap(({ erase, messages }) => [[messages?.firstSeq, messages?.lastSeq, erase?.upto]]),
    [
      [1, 3, 3],
      [4, 5, undefined],
    ],
  )
})

test('the message that tells of the opening has an id that REST can give, and that no client may choose', () => {
  const world = new World()
  world.send(open())
  world.send(post(1), service(2, { erase: true }))
  world.send(open())
  const { bytes } = world.stored().at(-1)!
  const id = messageIdFromBytes(message.read(new Reader(bytes)).message_id)
  assert.equal(storedMessageId.safeParse(id).success, true)
  assert.equal(messageId.safeParse(id).success, false)
})

test('erased, opened and written to within one flush: the view is told in the same pieces', () => {
  const world = new World()
  world.send(open())
  world.holdAppends = true
  world.send(post(1), service(2, { erase: true }))
  world.releaseAppends()
  world.send(open(), post(3))
  const pieces = () => changesOf(world.log).map(({ erase, messages }) => [messages?.lengths.length, erase?.upto])
  assert.deepEqual(pieces(), [
    [2, 2],
    [2, undefined],
  ])
})

test('an erasure that is asked for again is told its seq, as what came before it; another one finds nothing', () => {
  const world = new World()
  world.send(open())
  world.send(post(1))
  const erased = () => acked(world.send(service(2, { erase: true }))).map(({ seq }) => seq)
  assert.deepEqual(erased(), [2])
  for (const next of [() => {}, () => takeOver(world)]) {
    next()
    assert.deepEqual(erased(), [2])
    assert.deepEqual(
      acked(world.send(post(1))).map(({ seq }) => seq),
      [1],
    )
    assert.deepEqual(refused(world.send(service(3, { erase: true }))), [ERRORS.NOT_FOUND.wire])
    assert.deepEqual(refused(world.send({ t: 'inspect', ...at() })), [ERRORS.NOT_FOUND.wire])
  }
})

test('from the moment that an erasure has its seq nothing is taken any more but to open anew', () => {
  const world = new World()
  world.send(open())
  world.send(post(1))
  world.holdAppends = true
  world.send(service(2, { erase: true }), service(3, { add: [EVE] }), post(4), open(), post(5))
  world.releaseAppends()
  assert.deepEqual(refused(world.frames), [ERRORS.NOT_FOUND.wire, ERRORS.NOT_FOUND.wire])
  assert.deepEqual(
    acked(world.frames).map(({ seq }) => seq),
    [2, 4],
  )
  assert.deepEqual(seqsOf(world.send(read())), [3, 4])
  assert.deepEqual(rolesOf(world), { alice: 'admin', bob: 'member' })
})

test('what a forgotten user said is shown to nobody from the commit on, though memory and view have it still', () => {
  const world = new World()
  world.send(open())
  world.send(post(1), post(2, { from: BOB }))
  world.send(service(3, { forget: ALICE }))
  const shown = () => messagesOf(world.send(read())).map(({ from, payload }) => [from, payload.type])
  const expected = [
    [ERASED_USER, 'erased'],
    [BOB, 'text'],
    ['shop', 'membership'],
  ]
  assert.deepEqual(shown(), expected)
  const [status] = only(world.send({ t: 'status', ...at(), message_id: idOf(1) }), 'reply')
  assert.equal(status?.answer.type === 'status' && status.answer.message.payload.type, 'erased')
  world.send(post(4))
  assert.deepEqual(shown(), [...expected, [ALICE, 'text']])
  assert.deepEqual(
    acked(world.send(post(1))).map(({ seq }) => seq),
    [1],
  )
})

test('a user is forgotten by a service only, and the view is told up to where', () => {
  const world = new World()
  world.send(open())
  world.send(post(1))
  assert.deepEqual(refused(world.send(change(2, ALICE, { forget: ALICE }))), [ERRORS.FORBIDDEN.wire])
  world.send(service(3, { forget: ALICE, remove: [ALICE] }), post(4, { from: BOB }))
  assert.deepEqual(
    changesOf(world.log).flatMap(({ erase }) => erase ?? []),
    [{ upto: 2, user: ALICE }],
  )
  assert.deepEqual(rolesOf(world), { bob: 'member' })
  assert.equal(world.stored().at(-1)?.seq, 3)
})

test('members are told page by page, in the order of their ids, and to members only', () => {
  const world = new World()
  world.send(open())
  const users = Array.from({ length: 25 }, (_, i) => `user-${String(i).padStart(2, '0')}` as UserId)
  world.send(service(1, { add: users }))
  const page = (after?: UserId) => {
    const [reply] = only(world.send({ t: 'roster', ...at(), limit: 10, ...(after && { after }) }), 'reply')
    assert.equal(reply?.answer.type, 'roster')
    return reply.answer
  }
  const found: UserId[] = []
  for (let next: ReturnType<typeof page> | undefined = page(); next !== undefined; ) {
    found.push(...next.members.map(({ user }) => user))
    next = next.more ? page(found.at(-1)) : undefined
  }
  assert.deepEqual(found, [ALICE, BOB, ...users])
  assert.deepEqual(refused(world.send({ t: 'roster', ...at(), limit: 10, user: EVE })), [ERRORS.NOT_FOUND.wire])
  assert.equal(infoOf(world).conversation, CONVERSATION)
})
