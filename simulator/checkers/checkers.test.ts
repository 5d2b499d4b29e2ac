import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConversationId, LogId, MessageId, NodeId, Offset, Seq, UserId } from '@chat4all/protocol'
import {
  type Connected,
  type Cursors,
  type Delivered,
  type FullRead,
  History,
  type LogContent,
  type Observation,
  type Sent,
} from '../history/history.js'
import { CHECKERS } from './index.js'

// For each invariant a history that keeps it and one, made by hand, that breaks it: a checker that cannot fail proves
// nothing.

const CHAT = 'chat' as ConversationId
const id = (n: number) => `m${n}` as MessageId
const seq = (n: number) => n as Seq
const seen = (...ns: number[]) => ns.map((n) => ({ seq: seq(n), messageId: id(n), content: `text ${n}` }))

const sending = (at: number, n: number, again = false): Observation => ({
  type: 'sending',
  at,
  client: 'c',
  session: 'c1',
  conversation: CHAT,
  messageId: id(n),
  again,
})
const sent = (at: number, n: number, s = n): Sent => ({
  type: 'sent',
  at,
  client: 'c',
  session: 'c1',
  conversation: CHAT,
  messageId: id(n),
  seq: seq(s),
})
const MESSAGE_OF_ERASURE = 'erasure' as MessageId
/** An erasure that was asked for, told, and is in the log. */
const erasure = (askedAt: number, toldAt: number, upto: number, user?: string): Observation[] => {
  const what = { conversation: CHAT, messageId: MESSAGE_OF_ERASURE, user }
  const messages = [{ conversation: CHAT, seq: seq(upto), messageId: MESSAGE_OF_ERASURE, erases: { user } }]
  return [
    { type: 'erasing', at: askedAt, ...what },
    { type: 'erased', at: toldAt, seq: seq(upto), ...what },
    { type: 'log-content', at: 99, log: 'log' as LogId, end: 1 as Offset, messages },
  ]
}
const fullRead = (at: number, ...ns: number[]): FullRead => ({
  type: 'full-read',
  askedAt: at - 1,
  at,
  conversation: CHAT,
  head: seq(ns.at(-1) ?? 0),
  messages: seen(...ns),
  final: true,
})
const delivered = (at: number, after: number, upto: number, messages = seen(...range(after + 1, upto))): Delivered => ({
  type: 'delivered',
  at,
  client: 'c',
  session: 'c1',
  conversation: CHAT,
  after: seq(after),
  upto: seq(upto),
  messages,
})
const connected = (at: number, have: number): Connected => ({
  type: 'connected',
  at,
  client: 'c',
  session: 'c1',
  have: new Map([[CHAT, seq(have)]]),
})
const log = (...ns: number[]): LogContent => ({
  type: 'log-content',
  at: 99,
  log: 'a.1' as LogId,
  end: ns.length as Offset,
  messages: ns.map((n) => ({ conversation: CHAT, seq: seq(n), messageId: id(n) })),
})
const removal = (...removes: string[]): LogContent => ({
  ...log(1),
  messages: log(1).messages.map((message) => ({ ...message, removes })),
})
const cursors = (at: number, deliveredSeq: number, readSeq: number, session = 'c1', askedAt?: number): Cursors => ({
  type: 'cursors',
  askedAt,
  at,
  session,
  conversation: CHAT,
  user: 'u' as UserId,
  delivered: seq(deliveredSeq),
  read: seq(readSeq),
})
const recovered = (node: string, entries: string[], end: number): Observation => ({
  type: 'recovered',
  at: 1,
  node: node as NodeId,
  log: 'a.1' as LogId,
  from: 0 as Offset,
  entries,
  end: end as Offset,
})
const fed = (...ns: number[]): Observation => ({
  type: 'fed',
  at: 1,
  node: 'a' as NodeId,
  conversation: CHAT,
  messages: ns.map((n) => ({ seq: seq(n), messageId: id(n) })),
})
const arrived = (...ns: number[]): Observation => ({
  type: 'arrived',
  at: 1,
  publisher: 'a',
  conversation: CHAT,
  seqs: ns.map(seq),
})
const ended = (...unfinished: string[]): Observation => ({ type: 'convergence', at: 100, unfinished })

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)
}

function violations(invariant: number, observations: readonly Observation[]): string[] {
  const history = new History()
  for (const observation of observations) history.record(observation)
  const found = CHECKERS.get(invariant)!(history)
  for (const violation of found) assert.equal(violation.invariant, invariant)
  return found.map(({ what }) => what)
}

function keeps(invariant: number, ...observations: Observation[]): void {
  assert.deepEqual(violations(invariant, observations), [])
}

function breaks(invariant: number, what: RegExp, ...observations: Observation[]): void {
  const found = violations(invariant, observations)
  assert.ok(
    found.some((text) => what.test(text)),
    `expected ${what}, found ${JSON.stringify(found)}`,
  )
}

test('1: an acknowledged message that a later read lacks is a loss', () => {
  keeps(1, sent(5, 1), sent(6, 2), fullRead(10, 1, 2))
  keeps(1, fullRead(4, 1), sent(5, 2))
  breaks(1, /ends at 1/, sent(5, 2), fullRead(10, 1))
  breaks(1, /m3 instead of m2|nothing instead of m2/, sent(5, 2), fullRead(10, 1, 3))
})

test('1: a message_id has one seq and is read once', () => {
  breaks(1, /at seq 1 and at 2/, sent(5, 1), sent(6, 1, 2))
  const twice = { ...fullRead(10, 1, 2), messages: [...seen(1), { ...seen(2)[0]!, messageId: id(1) }] }
  breaks(1, /twice in one read/, twice)
})

test('2: a hole in what is shown, or two messages at one seq, is seen', () => {
  keeps(2, delivered(1, 0, 2), fullRead(3, 1, 2))
  breaks(2, /seq 3 where 2 is due/, fullRead(3, 1, 3))
  breaks(2, /end at 1, not at 2/, delivered(1, 0, 2, seen(1)))
  breaks(2, /m1 .* and m7/, delivered(1, 0, 1), { ...fullRead(3, 1), messages: [{ ...seen(1)[0]!, messageId: id(7) }] })
  breaks(2, /text 1.*edited/, delivered(1, 0, 1), {
    ...fullRead(3, 1),
    messages: [{ ...seen(1)[0]!, content: 'edited' }],
  })
})

test('3: what was acknowledged or shown and is in no log was invented', () => {
  keeps(3, sent(1, 1), delivered(2, 0, 2), log(1, 2))
  breaks(3, /acknowledged at seq 2/, sent(1, 2), log(1))
  breaks(3, /shown \(delivered\) at seq 2/, delivered(2, 0, 2), log(1))
})

test('3: a member that is refused as if it were none is seen, unless it was removed', () => {
  const created: Observation = { type: 'created', at: 0, conversation: CHAT, members: ['c'] }
  const refused: Observation = {
    type: 'refused',
    at: 5,
    client: 'c',
    session: 'c1',
    conversation: CHAT,
    messageId: id(9),
    code: 'NOT_FOUND',
  }
  breaks(3, /as if it were none/, created, refused, log(1))
  keeps(3, refused)
  keeps(3, created, refused, removal('c'))
})

test('4: recoverers that differ about a log, or an offset written twice, are seen', () => {
  keeps(4, recovered('b', ['x', 'y'], 2), recovered('c', ['x', 'y', 'beyond the end'], 2))
  breaks(4, /takes 1 for the end/, recovered('b', ['x', 'y'], 2), recovered('c', ['x'], 1))
  breaks(4, /another entry at 1/, recovered('b', ['x', 'y'], 2), recovered('c', ['x', 'z'], 2))
  breaks(4, /ended the recovery/, recovered('b', ['x'], 2))
  breaks(4, /might miss/, { type: 'decided-too-early', at: 1, log: 'a.1' as LogId, offset: 3 as Offset })
  breaks(4, /two values/, { type: 'rewritten', at: 1, log: 'a.1' as LogId, offset: 3 as Offset })
})

test('5: an answer with a cursor behind what was known before the question is seen', () => {
  keeps(5, cursors(1, 2, 1), cursors(3, 3, 1, 'other', 2), cursors(5, 3, 1, 'c1', 4))
  breaks(5, /fell from 3\/3 to 3\/2/, cursors(1, 3, 3), cursors(5, 3, 2, 'other', 4))
  breaks(5, /fell from 3\/1 to 2\/1/, cursors(1, 3, 1), cursors(2, 2, 1), cursors(5, 2, 1, 'c1', 4))
  keeps(5, cursors(3, 3, 3), cursors(5, 3, 2, 'other', 2))
  keeps(5, cursors(1, 3, 3), cursors(2, 3, 2))
})

test('6: a view, or an event stream, that gets a hole, or not all to the end, is seen', () => {
  keeps(6, fed(1, 2), fed(2, 3), arrived(1), arrived(1, 2), arrived(3), fullRead(9, 1, 2, 3))
  breaks(6, /the views got seq 3 of chat from a after 1/, fed(1), fed(3))
  breaks(6, /the views of chat ends at 1, its log at 2/, fed(1), arrived(1, 2), fullRead(9, 1, 2))
  breaks(6, /the event stream got seq 3 of chat from a after 1/, arrived(1), arrived(3), arrived(2))
  breaks(6, /the event stream of chat ends at 1, its log at 2/, fed(1, 2), arrived(1), fullRead(9, 1, 2))
})

test('7: a session that misses messages, or gets them twice, is seen', () => {
  keeps(7, connected(1, 2), delivered(2, 2, 3), delivered(3, 3, 5))
  breaks(7, /misses/, connected(1, 2), delivered(2, 3, 4))
  breaks(7, /sees again/, connected(1, 2), delivered(2, 1, 3))
  breaks(7, /misses/, delivered(2, 0, 1), delivered(3, 2, 3))
  const begins = (after: number, resumed: boolean): Observation => ({
    type: 'begins',
    at: 1,
    client: 'c',
    session: 'c1',
    conversation: CHAT,
    after: seq(after),
    resumed,
  })
  keeps(7, connected(1, 2), begins(2, true), delivered(2, 2, 3))
  breaks(7, /goes on behind 3/, connected(1, 2), begins(3, true))
  breaks(7, /misses/, connected(1, 2), begins(4, false), delivered(2, 4, 5))
  keeps(7, connected(1, 2), begins(4, false), delivered(2, 4, 5), removal('c'))
})

test('8: a reply below what it replies to, or sends out of order, are seen', () => {
  keeps(8, sending(1, 1), sending(2, 2), sent(3, 1), sent(3, 2))
  breaks(8, /sent after seq 3 was seen and has seq 2/, delivered(1, 0, 3), sending(2, 2), sent(3, 2))
  breaks(8, /m2 \(seq 1\) was sent after m1 \(seq 2\)/, sending(1, 1), sending(2, 2), sent(3, 1, 2), sent(3, 2, 1))
  keeps(8, sending(1, 2), delivered(1, 0, 2), sending(2, 2, true), sent(3, 2))
})

test('9: what stays unfinished, or unanswered, after the faults is seen', () => {
  keeps(9, sending(1, 1), sent(2, 1), ended())
  breaks(9, /slot 3/, ended('slot 3 has no owner'))
  breaks(9, /m1 was never answered/, sending(1, 1), ended())
  breaks(9, /never came to its end/, sending(1, 1))
})

test('10: what is shown after somebody was told that it is erased is seen', () => {
  const read = (at: number, ...messages: FullRead['messages']): FullRead => ({ ...fullRead(at, 3), messages })
  const said = (n: number, saidBy: string) => ({ ...seen(n)[0]!, saidBy })
  keeps(10, ...erasure(1, 5, 2), read(20, said(3, 'c')))
  breaks(10, /m2 at seq 2 .* shown, erased up to 2/, ...erasure(1, 5, 2), read(20, said(2, 'c'), said(3, 'c')))
  // Asked for before anybody was told.
  keeps(10, ...erasure(1, 25, 2), read(20, said(1, 'c'), said(2, 'c'), said(3, 'c')))
  const others = [{ ...seen(1)[0]!, isErased: true as const }, said(2, 'd'), said(3, 'c')]
  keeps(10, ...erasure(1, 5, 2, 'c'), read(20, ...others))
  breaks(10, /erased with c up to 2/, ...erasure(1, 5, 2, 'c'), read(20, said(1, 'c'), said(2, 'd')))
})

test('what was erased as a whole may be missing from the moment that somebody asked for it, and nothing else', () => {
  const asked = (at: number) => [connected(1, 1), sent(2, 1), ...erasure(at, 30, 2)]
  for (const invariant of [1, 2]) {
    keeps(invariant, ...asked(5), fullRead(20, 3))
    breaks(invariant, /m1 at seq 1|seq 3 where 1/, ...asked(50), fullRead(20, 3))
    breaks(invariant, /m4 at seq 4|seq 5 where 1/, ...asked(5), sent(6, 4), fullRead(20, 5))
  }
  breaks(1, /nothing instead of m1/, sent(2, 1), ...erasure(5, 30, 2, 'c'), fullRead(20, 3))
  const begins = {
    type: 'begins',
    client: 'c',
    session: 'c1',
    conversation: CHAT,
    after: seq(2),
    resumed: true,
  } as const
  keeps(7, ...asked(5), { ...begins, at: 20 })
  breaks(7, /goes on behind 2/, ...asked(50), { ...begins, at: 20 })
})

test('2: the same message, erased for one reader and not for the other, is no disorder', () => {
  const erased = { ...seen(1)[0]!, content: 'nothing', isErased: true as const }
  keeps(2, delivered(1, 0, 1), { ...fullRead(3, 1), messages: [erased] })
  breaks(2, /m1 .* and m7/, delivered(1, 0, 1), { ...fullRead(3, 1), messages: [{ ...erased, messageId: id(7) }] })
})

test('every invariant has a checker', () => {
  assert.deepEqual([...CHECKERS.keys()], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
})
