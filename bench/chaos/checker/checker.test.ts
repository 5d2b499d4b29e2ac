import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Observation, ObservationOf, ObservationType, SeenMessage } from '../history/observation.js'
import { CHECKS, type CheckName } from './check.js'
import { checkHistory } from './checker.js'
import { cleanHistory } from './testing/clean-history.js'

const SEED = 7
const STEPS = 400

const clean = (): Observation[] => structuredClone(cleanHistory(SEED, STEPS))

/** The line of an observation, from 1. */
function lineOf<T extends ObservationType>(
  history: readonly Observation[],
  type: T,
  wanted: (observation: ObservationOf<T>) => boolean = () => true,
): number {
  const index = history.findIndex((one) => one.type === type && wanted(one as ObservationOf<T>))
  assert.ok(index >= 0, `the clean history has no such ${type}`)
  return index + 1
}

/** Replaces the observation at a line. */
function replace<T extends ObservationType>(history: Observation[], line: number, change: Partial<ObservationOf<T>>) {
  history[line - 1] = { ...history[line - 1], ...change } as Observation
}

const isFinal = ({ final }: ObservationOf<'full-read'>) => final

/** Plants a violation; returns a line that has to be cited. */
type Plant = (history: Observation[]) => number

const sentTo = (history: Observation[]) => {
  const line = lineOf(history, 'sent', ({ way, conversation }) => way === 'socket' && conversation === 'c0')
  return { line, sent: history[line - 1] as ObservationOf<'sent'> }
}

/** Every final read of a conversation, changed. */
function changeReads(
  history: Observation[],
  conversation: string,
  change: (messages: SeenMessage[]) => SeenMessage[],
  which: (read: ObservationOf<'full-read'>) => boolean = () => true,
): number {
  let line = 0
  history.forEach((one, index) => {
    if (one.type !== 'full-read' || one.conversation !== conversation || !which(one)) return
    const messages = change([...one.messages])
    history[index] = { ...one, messages, head: messages.at(-1)?.[0] ?? 0 }
    line = index + 1
  })
  return line
}

const renumbered = (messages: readonly SeenMessage[]): SeenMessage[] =>
  messages.map(([, id, content, time], index) => [index + 1, id, content, time])

const PLANTED: readonly { readonly what: string; readonly check: CheckName; readonly plant: Plant }[] = [
  {
    what: 'the newest acknowledged message is in nobody’s final read',
    check: 'acknowledged-is-read',
    plant(history) {
      changeReads(history, 'c0', (messages) => messages.slice(0, -1))
      const head = (
        history[
          lineOf(history, 'full-read', ({ conversation }) => conversation === 'c0') - 1
        ] as ObservationOf<'full-read'>
      ).head
      return lineOf(history, 'sent', ({ conversation, seq }) => conversation === 'c0' && seq === head + 1)
    },
  },
  {
    what: 'one reader of four misses an acknowledged message at the end',
    check: 'acknowledged-is-read',
    plant: (history) =>
      changeReads(
        history,
        'c0',
        (messages) => messages.slice(0, -1),
        ({ reader }) => reader === 'u2',
      ),
  },
  {
    what: 'nobody reads a conversation at the end',
    check: 'acknowledged-is-read',
    plant(history) {
      const line = lineOf(history, 'sent', ({ conversation }) => conversation === 'c0')
      history.splice(
        0,
        history.length,
        ...history.filter((one) => !(one.type === 'full-read' && one.conversation === 'c0')),
      )
      return line
    },
  },
  {
    what: 'a message is stored twice',
    check: 'once',
    plant(history) {
      const { sent } = sentTo(history)
      changeReads(history, 'c0', (messages) => {
        const twice = messages.find(([, id]) => id === sent.id)!
        return renumbered([...messages, twice])
      })
      return lineOf(history, 'full-read', ({ conversation }) => conversation === 'c0')
    },
  },
  {
    what: 'two acknowledgements of one message_id tell two seqs',
    check: 'once',
    plant(history) {
      const { line, sent } = sentTo(history)
      history.splice(line, 0, { ...sent, seq: sent.seq + 1, device: 'u0/1-rest', way: 'rest' })
      return line + 1
    },
  },
  {
    what: 'the same message_id with other content is acknowledged',
    check: 'once',
    plant(history) {
      const line = lineOf(history, 'refused', ({ code }) => code === 'CONFLICT')
      const refused = history[line - 1] as ObservationOf<'refused'>
      const read = history.find(
        (one): one is ObservationOf<'full-read'> =>
          one.type === 'full-read' && one.conversation === refused.conversation,
      )!
      const seq = read.messages.find(([, id]) => id === refused.id)![0]
      const { at, device, edge, way, conversation, id } = refused
      history[line - 1] = { type: 'sent', at, device, edge, way, conversation, id, seq }
      return line
    },
  },
  {
    what: 'a repeat with the same content is refused as a conflict',
    check: 'once',
    plant(history) {
      const line = lineOf(history, 'sent', ({ way }) => way === 'rest')
      const { at, device, edge, way, conversation, id } = history[line - 1] as ObservationOf<'sent'>
      history[line - 1] = { type: 'refused', at, device, edge, way, conversation, id, code: 'CONFLICT' }
      return line
    },
  },
  {
    what: 'two messages have one seq',
    check: 'one-order',
    plant(history) {
      const { line, sent } = sentTo(history)
      const other = lineOf(history, 'sent', ({ conversation, id }) => conversation === 'c0' && id !== sent.id)
      replace<'sent'>(history, other, { seq: sent.seq })
      return line
    },
  },
  {
    what: 'two readers see two messages the other way round',
    check: 'one-order',
    plant: (history) =>
      changeReads(
        history,
        'c0',
        (messages) => renumbered([messages[1]!, messages[0]!, ...messages.slice(2)]),
        ({ reader }) => reader === 'u1',
      ),
  },
  {
    what: 'a reader sees other content than was sent',
    check: 'one-order',
    plant(history) {
      const line = lineOf(history, 'delivered')
      const { messages } = history[line - 1] as ObservationOf<'delivered'>
      const [seq, id, , time] = messages[0]!
      replace<'delivered'>(history, line, { messages: [[seq, id, 'damaged', time], ...messages.slice(1)] })
      return line
    },
  },
  {
    what: 'a page that is said to be complete has a gap',
    check: 'one-order',
    plant(history) {
      const line = lineOf(history, 'page', ({ messages }) => messages.length > 2)
      const { messages } = history[line - 1] as ObservationOf<'page'>
      replace<'page'>(history, line, { messages: messages.filter((_, index) => index !== 1) })
      return line
    },
  },
  {
    what: 'a page ends before it is said to',
    check: 'one-order',
    plant(history) {
      const line = lineOf(history, 'page', ({ messages }) => messages.length > 2)
      const { messages } = history[line - 1] as ObservationOf<'page'>
      replace<'page'>(history, line, { messages: messages.slice(0, -1) })
      return line
    },
  },
  {
    what: 'a delivery never reaches a session',
    check: 'session-in-order',
    plant(history) {
      const next = (index: number) => {
        const { session, conversation } = history[index] as ObservationOf<'delivered'>
        return history.findIndex(
          (one, i) =>
            i > index && one.type === 'delivered' && one.session === session && one.conversation === conversation,
        )
      }
      const index = history.findIndex((one, i) => one.type === 'delivered' && next(i) > 0)
      const following = next(index)
      history.splice(index, 1)
      // What followed it moved up into the line before.
      return following
    },
  },
  {
    what: 'a session gets a delivery twice',
    check: 'session-in-order',
    plant(history) {
      const line = lineOf(history, 'delivered')
      history.splice(line, 0, history[line - 1]!)
      return line + 1
    },
  },
  {
    what: 'a session resumes behind what its device had',
    check: 'session-in-order',
    plant(history) {
      const line = lineOf(history, 'begins', ({ resumed, after }) => resumed && after > 0)
      const { after } = history[line - 1] as ObservationOf<'begins'>
      replace<'begins'>(history, line, { after: after + 1 })
      return line
    },
  },
  {
    what: 'a message is sent after something seen, and stands before it',
    check: 'causal-order',
    plant(history) {
      const { sent } = sentTo(history)
      const sending = history.find((one) => one.type === 'sending' && one.id === sent.id)!
      const others = history.filter((one) => !(one.type === 'sending' && one.id === sent.id))
      const settled = lineOf(others, 'settled')
      history.splice(0, history.length, ...others.slice(0, settled - 1), sending, ...others.slice(settled - 1))
      return settled
    },
  },
  {
    what: 'a device’s messages are stored in another order than it sent them',
    check: 'causal-order',
    plant(history) {
      const [first, second] = history.flatMap((one, index) =>
        one.type === 'sending' && !one.again && one.device === 'u0/1' && one.conversation === 'c0' ? [index] : [],
      )
      const [a, b] = [history[first!]!, history[second!]!]
      history[first!] = b
      history[second!] = a
      return second! + 1
    },
  },
  {
    what: 'a page knows less than was known before it was asked for',
    check: 'reads-are-fresh',
    plant(history) {
      const line = lineOf(history, 'page', ({ messages }) => messages.length > 3)
      const { messages, upto } = history[line - 1] as ObservationOf<'page'>
      const end = upto - 3
      replace<'page'>(history, line, { head: end, upto: end, messages: messages.slice(0, -3) })
      return line
    },
  },
  {
    what: 'a cursor falls',
    check: 'receipts-rise',
    plant(history) {
      const line = lineOf(history, 'cursors', ({ delivered }) => delivered > 1)
      const { delivered } = history[line - 1] as ObservationOf<'cursors'>
      replace<'cursors'>(history, line, { delivered: delivered - 1, read: 0 })
      return line
    },
  },
  {
    what: 'a cursor stands where nobody moved it',
    check: 'receipts-rise',
    plant(history) {
      const line = lineOf(history, 'cursors', ({ delivered }) => delivered > 1)
      replace<'cursors'>(history, line, { read: 1_000 })
      return line
    },
  },
  {
    what: 'a reader was shown a message that is not in the final history',
    check: 'nothing-invented',
    plant(history) {
      const line = lineOf(history, 'settled')
      const last = lineOf(history, 'full-read', ({ conversation }) => conversation === 'c0')
      const { head } = history[last - 1] as ObservationOf<'full-read'>
      const sending = history.find((one): one is ObservationOf<'sending'> => one.type === 'sending')!
      history.splice(
        line - 1,
        0,
        { ...sending, conversation: 'c0', id: 'ghost', again: false, content: 'x' },
        {
          type: 'page',
          askedAt: 1e6,
          at: 1e6,
          device: 'u3/1',
          way: 'rest',
          conversation: 'c0',
          after: head,
          upto: head + 1,
          head: head + 1,
          messages: [[head + 1, 'ghost', 'x', 1]],
        },
      )
      return line + 1
    },
  },
  {
    what: 'a message is there that nobody sent',
    check: 'nothing-invented',
    plant: (history) =>
      changeReads(history, 'c0', (messages) => [...messages, [messages.length + 1, 'nobody’s', 'x', 1]]) &&
      lineOf(history, 'full-read', ({ conversation }) => conversation === 'c0'),
  },
  {
    what: 'a message is there that was refused for certain',
    check: 'nothing-invented',
    plant(history) {
      const { line, sent } = sentTo(history)
      for (let i = history.length - 1; i >= 0; i--) {
        const one = history[i]!
        if ((one.type === 'sending' && one.again && one.id === sent.id) || (one.type === 'sent' && one.id === sent.id))
          history.splice(i, 1)
      }
      const sending = lineOf(history, 'sending', ({ id }) => id === sent.id)
      const { at, device, edge, way, conversation, id } = sent
      history.splice(sending, 0, { type: 'refused', at, device, edge, way, conversation, id, code: 'BUSY' })
      assert.ok(line > 0)
      return sending + 1
    },
  },
  {
    what: 'the stream lacks a message in the middle',
    check: 'stream-in-order',
    plant(history) {
      history.forEach((one, index) => {
        if (one.type !== 'streamed' || one.conversation !== 'c0') return
        history[index] = { ...one, messages: one.messages.filter(([seq]) => seq !== 2) }
      })
      return lineOf(
        history,
        'streamed',
        ({ conversation, messages }) => conversation === 'c0' && messages.some(([seq]) => seq === 3),
      )
    },
  },
  {
    what: 'the stream lacks the end',
    check: 'stream-in-order',
    plant(history) {
      const last = history.findLastIndex((one) => one.type === 'streamed' && one.conversation === 'c0')
      const { messages } = history[last] as ObservationOf<'streamed'>
      const end = messages.at(-1)![0]
      history.forEach((one, index) => {
        if (one.type !== 'streamed' || one.conversation !== 'c0') return
        history[index] = { ...one, messages: one.messages.filter(([seq]) => seq !== end) }
      })
      return (
        history.findLastIndex(
          (one) =>
            one.type === 'streamed' && one.conversation === 'c0' && one.messages.some(([seq]) => seq === end - 1),
        ) + 1
      )
    },
  },
  {
    what: 'the stream has a conversation in two partitions',
    check: 'stream-in-order',
    plant(history) {
      const line = history.findLastIndex((one) => one.type === 'streamed' && one.conversation === 'c0') + 1
      replace<'streamed'>(history, line, { partition: 3 })
      return line
    },
  },
  {
    what: 'an edge that no fault had struck closes a session',
    check: 'sessions-stay',
    plant(history) {
      const line = lineOf(history, 'fault', ({ phase }) => phase === 'begin')
      const { number } = history[line - 1] as ObservationOf<'fault'>
      history.forEach((one, index) => {
        if (one.type === 'fault' && one.number === number) history[index] = { ...one, targets: ['node-2'] }
      })
      return lineOf(history, 'closed')
    },
  },
  {
    what: 'something does not come to rest',
    check: 'settles',
    plant(history) {
      const line = lineOf(history, 'settled')
      replace<'settled'>(history, line, { unfinished: ['u1/1 waits for an answer to m3'] })
      return line
    },
  },
  {
    what: 'the run was broken off',
    check: 'settles',
    plant(history) {
      history.splice(lineOf(history, 'settled') - 1, 1)
      return history.length
    },
  },
]

describe('planted violations', () => {
  for (const { what, check, plant } of PLANTED) {
    test(`${what}: found by ${check}, with the line`, () => {
      const history = clean()
      const line = plant(history)
      const { violations } = checkHistory(history, [check])
      assert.ok(violations.length > 0, 'nothing was found')
      const cited = violations.flatMap(({ lines }) => lines)
      assert.ok(cited.includes(line), `cited are ${cited.join(' ')}, not ${line}: ${violations[0]!.what}`)
    })
  }

  test('each check has a violation that no other finds', () => {
    const alone = new Set<CheckName>()
    for (const { plant } of PLANTED) {
      const history = clean()
      plant(history)
      const finding = CHECKS.filter((name) => checkHistory(history, [name]).violations.length > 0)
      if (finding.length === 1) alone.add(finding[0]!)
    }
    assert.deepEqual(
      CHECKS.filter((name) => !alone.has(name)),
      [],
    )
  })
})

describe('clean histories', () => {
  test('pass, whatever is lost, repeated or late in them', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 600 }), (seed, steps) => {
        const { violations } = checkHistory(cleanHistory(seed, steps))
        assert.deepEqual(violations, [])
      }),
      { numRuns: 150 },
    )
  })

  test('the one that violations are planted in has every kind of line', () => {
    const types = new Set(cleanHistory(SEED, STEPS).map(({ type }) => type))
    for (const type of [
      'refused',
      'unanswered',
      'closed',
      'begins',
      'page',
      'marked',
      'cursors',
      'streamed',
      'fault',
    ]) {
      assert.ok(types.has(type as ObservationType), `no ${type}`)
    }
  })

  test('a message that is taken out of all final reads is missed, whichever it was', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(), (seed, choice) => {
        const history = structuredClone(cleanHistory(seed, 300))
        const acknowledged = history.filter((one): one is ObservationOf<'sent'> => one.type === 'sent')
        fc.pre(acknowledged.length > 0)
        const lost = acknowledged[choice % acknowledged.length]!
        changeReads(history, lost.conversation, (messages) => messages.filter(([, id]) => id !== lost.id), isFinal)
        const { violations } = checkHistory(history, ['acknowledged-is-read'])
        assert.ok(violations.some(({ what }) => what.includes(`${lost.id},`)))
      }),
      { numRuns: 60 },
    )
  })

  test('a message that a session is not given is missed, unless the session ends before the next one', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(), (seed, choice) => {
        const history = cleanHistory(seed, 300)
        const deliveries = history.flatMap((one, index) => (one.type === 'delivered' ? [index] : []))
        fc.pre(deliveries.length > 0)
        const index = deliveries[choice % deliveries.length]!
        const { session, conversation } = history[index] as ObservationOf<'delivered'>
        const later = history
          .slice(index + 1)
          .some((one) => one.type === 'delivered' && one.session === session && one.conversation === conversation)
        const { violations } = checkHistory(
          [...history.slice(0, index), ...history.slice(index + 1)],
          ['session-in-order'],
        )
        assert.equal(violations.length > 0, later)
      }),
      { numRuns: 100 },
    )
  })
})
