import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppId, ConversationId, Seq, UserId } from '@chat4all/protocol'
import {
  ana,
  app,
  at,
  batch,
  ben,
  bodyOf,
  byUser,
  cem,
  chat,
  created,
  cursor,
  data,
  idOf,
  member,
  numbers,
  range,
  seqs,
  text,
} from './contract-samples.js'
import { erasingContract } from './erasing-contract.js'
import type { ConversationData, MessageView } from './port.js'

export interface MessageViewTraits {
  /**
   * `sweep` deletes what has expired, and `first` is exact after it. Else the engine deletes by itself, some time later,
   * and `first` may lag behind. What may be returned is the same for both.
   */
  readonly sweeps: boolean
}

/**
 * What every adapter of MessageView promises, as tests. Adapters may be asynchronous and replicated: a change is looked
 * for only after `apply` resolved.
 * @param open opens a view of its own, empty
 * @param reopen closes a view and opens the same one again; leave it out for what lives in memory
 * @param traits what the adapter does more than it must
 */
export function messageViewContract(
  name: string,
  open: () => Promise<MessageView>,
  reopen?: (view: MessageView) => Promise<MessageView>,
  { sweeps }: MessageViewTraits = { sweeps: true },
): void {
  const behaves = (what: string, run: (view: MessageView) => Promise<MessageView | undefined>) =>
    test(`message view, ${name}: ${what}`, async () => {
      const view = await open()
      await ((await run(view)) ?? view).close()
    })

  const firstIs = async (view: MessageView, expected: number) => {
    const first = (await view.load(chat))!.first
    if (sweeps) assert.equal(first, expected)
    else assert.ok(1 <= first && first <= expected, `first is ${first}, and ${expected} may exist`)
  }

  behaves('what was never applied is not there', async (view) => {
    assert.equal(await view.load(chat), undefined)
    assert.deepEqual(await seqs(view), [])
    assert.equal(await view.find(chat, idOf(1)), undefined)
    assert.deepEqual(await view.conversationsOf(app, ana), [])
    assert.equal(await view.sweep(at(1_000_000), 10), 0)
    return undefined
  })

  behaves('a conversation comes back as it was applied', async (view) => {
    await view.apply([created(chat), { app, conversation: chat, messages: batch(1, 3) }])
    const stored = await view.load(chat)
    assert.deepEqual(stored?.data, data)
    assert.deepEqual(byUser(stored.members), [member(ana, true, 0, 'admin'), member(ben, true, 0)])
    assert.deepEqual(stored.cursors, [])
    assert.equal(stored.head, 3)
    assert.equal(stored.first, 1)
    return undefined
  })

  behaves('a conversation without metadata, ttl or messages is one, too', async (view) => {
    const bare: ConversationData = { app, type: 'private', created: at(5), metadata: undefined, ttl: undefined }
    await view.apply([{ app, conversation: chat, data: bare, members: [member(ana, true, 0)] }])
    const stored = await view.load(chat)
    assert.deepEqual(stored, { data: bare, members: [member(ana, true, 0)], cursors: [], head: 0, first: 1 })
    return undefined
  })

  behaves(
    'one call may bring what another log has between, if that is there: a log whose slot went and came back',
    async (view) => {
      await view.apply([created(chat), { app, conversation: chat, messages: batch(1, 2) }])
      await view.apply([{ app, conversation: chat, messages: batch(3, 4) }])
      const [first, again] = [batch(1, 2), batch(5, 6)].map((messages) => ({ app, conversation: chat, messages }))
      await view.apply([first!, again!])
      const all = await view.messages(chat, range())
      assert.deepEqual(
        all.map(({ bytes }) => text(bytes)),
        numbers(1, 6).map(bodyOf),
      )
      for (const seq of numbers(1, 6)) assert.equal(await view.find(chat, idOf(seq)), seq)
      assert.equal((await view.load(chat))?.head, 6)
      return undefined
    },
  )

  behaves('messages come back byte for byte, by range and limit, from either side, in order', async (view) => {
    await view.apply([created(chat), { app, conversation: chat, messages: batch(1, 10) }])
    await view.apply([{ app, conversation: chat, messages: batch(11, 11) }])
    await view.apply([{ app, conversation: chat, messages: batch(12, 30) }])
    const all = await view.messages(chat, range())
    assert.deepEqual(
      all.map(({ bytes }) => text(bytes)),
      numbers(1, 30).map(bodyOf),
    )
    assert.deepEqual(
      all.map(({ seq }) => seq),
      numbers(1, 30),
    )
    assert.deepEqual(await seqs(view, { after: 9, before: 13 }), [10, 11, 12])
    assert.deepEqual(await seqs(view, { after: 10, before: 12 }), [11])
    assert.deepEqual(await seqs(view, { after: 11, before: 12 }), [])
    assert.deepEqual(await seqs(view, { after: 30 }), [])
    assert.deepEqual(await seqs(view, { limit: 4 }), [1, 2, 3, 4])
    assert.deepEqual(await seqs(view, { after: 9, limit: 4 }), [10, 11, 12, 13])
    assert.deepEqual(await seqs(view, { limit: 4, newestFirst: true }), [27, 28, 29, 30])
    assert.deepEqual(await seqs(view, { before: 13, limit: 4, newestFirst: true }), [9, 10, 11, 12])
    assert.deepEqual(await seqs(view, { after: 10, before: 13, limit: 50, newestFirst: true }), [11, 12])
    assert.deepEqual(await seqs(view, { limit: 0 }), [])
    assert.deepEqual(await seqs(view, { limit: 0, newestFirst: true }), [])
    return undefined
  })

  behaves('every message_id is found, however old, in its own conversation only', async (view) => {
    const other = 'other-chat' as ConversationId
    await view.apply([created(chat), created(other), { app, conversation: other, messages: batch(1, 1) }])
    // Batches of many sizes, so that whatever an adapter does with ids at some size has happened.
    let next = 1
    for (const size of [...Array.from({ length: 60 }, (_, i) => 1 + (i % 7)), 40, 300, 1, 500, 17]) {
      await view.apply([{ app, conversation: chat, messages: batch(next, next + size - 1) }])
      next += size
    }
    for (let seq = 1; seq < next; seq += seq < 40 ? 1 : 13) assert.equal(await view.find(chat, idOf(seq)), seq)
    assert.equal(await view.find(chat, idOf(next - 1)), next - 1)
    assert.equal(await view.find(chat, idOf(next)), undefined)
    assert.equal(await view.find(other, idOf(2)), undefined)
    return undefined
  })

  behaves('applying again, older, or cut in other batches neither loses nor doubles a message', async (view) => {
    await view.apply([created(chat), { app, conversation: chat, messages: batch(1, 5) }])
    await view.apply([{ app, conversation: chat, messages: batch(6, 20) }])
    await view.apply([{ app, conversation: chat, messages: batch(1, 5) }])
    await view.apply([created(chat), { app, conversation: chat, messages: batch(1, 8) }])
    await view.apply([{ app, conversation: chat, messages: batch(9, 25) }])
    await view.apply([
      { app, conversation: chat, messages: batch(20, 25) },
      { app, conversation: chat, messages: batch(26, 27) },
    ])
    const all = await view.messages(chat, range())
    assert.deepEqual(
      all.map(({ seq }) => seq),
      numbers(1, 27),
    )
    assert.deepEqual(
      all.map(({ bytes }) => text(bytes)),
      numbers(1, 27).map(bodyOf),
    )
    assert.equal((await view.load(chat))?.head, 27)
    for (const seq of numbers(1, 27)) assert.equal(await view.find(chat, idOf(seq)), seq)
    return undefined
  })

  behaves('since when a member has a message is when its cursor came to it', async (view) => {
    const rise = (user: UserId, kind: 'delivered' | 'read', upto: number, time: number) => ({
      user,
      kind,
      upto: upto as Seq,
      time: at(time),
    })
    await view.apply([created(chat), { app, conversation: chat, messages: batch(1, 40) }])
    const first = [rise(ana, 'delivered', 2, 100), rise(ana, 'delivered', 5, 200), rise(ana, 'read', 5, 300)]
    await view.apply([{ app, conversation: chat, rises: first, cursors: [cursor(ana, 5, 5)] }])
    await view.apply([
      { app, conversation: chat, rises: [rise(ben, 'delivered', 30, 400)] },
      { app, conversation: chat, rises: [rise(ana, 'delivered', 31, 500)] },
    ])
    const receipts = async (seq: number, ...users: UserId[]) => view.receipts(chat, seq as Seq, users)
    assert.deepEqual(await receipts(1, ana, ben), [
      { user: ana, delivered: 100, read: 300 },
      { user: ben, delivered: 400 },
    ])
    assert.deepEqual(await receipts(3, ana), [{ user: ana, delivered: 200, read: 300 }])
    assert.deepEqual(await receipts(6, ana, ben), [
      { user: ana, delivered: 500 },
      { user: ben, delivered: 400 },
    ])
    assert.deepEqual(await receipts(31, ben, ana), [{ user: ben }, { user: ana, delivered: 500 }])
    assert.deepEqual(await receipts(32, ana), [{ user: ana }])
    assert.deepEqual(await receipts(1), [])
    // Again, and older: as after a recovery.
    await view.apply([{ app, conversation: chat, rises: first }])
    assert.deepEqual(await receipts(6, ana), [{ user: ana, delivered: 500 }])
    assert.deepEqual(await view.receipts('other' as ConversationId, 1 as Seq, [ana]), [{ user: ana }])
    return undefined
  })

  behaves('a user whose id begins another’s has receipts of its own', async (view) => {
    const [an, longer] = ['an', 'an0d'] as UserId[] as [UserId, UserId]
    await view.apply([created(chat), { app, conversation: chat, messages: batch(1, 3) }])
    const rises = [{ user: longer, kind: 'delivered' as const, upto: 3 as Seq, time: at(7) }]
    await view.apply([{ app, conversation: chat, rises }])
    assert.deepEqual(await view.receipts(chat, 1 as Seq, [an, longer]), [{ user: an }, { user: longer, delivered: 7 }])
    return undefined
  })

  behaves('who left a conversation is asked for with it, and only then', async (view) => {
    await view.apply([created(chat)])
    await view.apply([{ app, conversation: chat, messages: batch(1, 1), members: [member(ben, false, 1)] }])
    assert.deepEqual(await view.conversationsOf(app, ben), [])
    assert.deepEqual(await view.conversationsOf(app, ben, true), [chat])
    await view.apply([{ app, conversation: chat, messages: batch(2, 2), members: [member(ben, true, 2)] }])
    assert.deepEqual(await view.conversationsOf(app, ben), [chat])
    return undefined
  })

  behaves('labels change, the newest stay, and everything else stays as it was', async (view) => {
    await view.apply([created(chat), { app, conversation: chat, messages: batch(1, 9) }])
    const labels = (version: number, metadata?: Record<string, string>) => ({
      app,
      conversation: chat,
      labels: { metadata, version: version as Seq },
    })
    await view.apply([labels(4, { topic: 'tea' })])
    assert.deepEqual((await view.load(chat))?.data, { ...data, metadata: { topic: 'tea' } })
    await view.apply([labels(2, { topic: 'old' }), created(chat)])
    assert.deepEqual((await view.load(chat))?.data.metadata, { topic: 'tea' })
    await view.apply([labels(7, undefined)])
    assert.equal((await view.load(chat))?.data.metadata, undefined)
    await view.apply([labels(4, { topic: 'tea' })])
    assert.deepEqual((await view.load(chat))?.data, { ...data, metadata: undefined })
    return undefined
  })

  erasingContract(behaves)

  behaves('one call may change a conversation several times, and hundreds of them', async (view) => {
    const chats = numbers(1, 300).map((n) => `chat-${n}` as ConversationId)
    await view.apply([
      ...chats.map(created),
      ...chats.map((conversation) => ({ app, conversation, messages: batch(1, 3) })),
      ...chats.map((conversation) => ({ app, conversation, messages: batch(4, 5), cursors: [cursor(ana, 4, 3)] })),
    ])
    for (const conversation of [chats[0]!, chats[150]!, chats[299]!]) {
      const stored = await view.load(conversation)
      assert.equal(stored?.head, 5)
      assert.deepEqual(stored.cursors, [cursor(ana, 4, 3)])
      assert.deepEqual(
        (await view.messages(conversation, range())).map(({ seq }) => seq),
        numbers(1, 5),
      )
    }
    assert.equal((await view.conversationsOf(app, ana)).length, 300)
    return undefined
  })

  behaves('conversations whose names begin alike do not mix', async (view) => {
    const names = ['a', 'ab', 'abc', 'a-', 'b'] as ConversationId[]
    for (const [i, conversation] of names.entries()) {
      const count = i + 1
      await view.apply([
        created(conversation),
        { app, conversation, messages: batch(1, count), cursors: [cursor(ana, count, 0)] },
      ])
    }
    for (const [i, conversation] of names.entries()) {
      const stored = await view.load(conversation)
      assert.equal(stored?.members.length, 2)
      assert.deepEqual(stored.cursors, [cursor(ana, i + 1, 0)])
      assert.equal((await view.messages(conversation, range())).length, i + 1)
    }
    return undefined
  })

  behaves('of a member, the change with the highest version counts', async (view) => {
    await view.apply([created(chat)])
    await view.apply([{ app, conversation: chat, members: [member(ben, false, 7), member(cem, true, 7)] }])
    await view.apply([{ app, conversation: chat, members: [member(ben, true, 3), member(cem, false, 5)] }])
    const stored = await view.load(chat)
    assert.deepEqual(byUser(stored!.members), [
      member(ana, true, 0, 'admin'),
      member(ben, false, 7),
      member(cem, true, 7),
    ])
    assert.deepEqual(await view.conversationsOf(app, ben), [])
    assert.deepEqual(await view.conversationsOf(app, cem), [chat])
    await view.apply([{ app, conversation: chat, members: [member(ben, true, 9), member(ben, false, 8)] }])
    assert.deepEqual(await view.conversationsOf(app, ben), [chat])
    return undefined
  })

  behaves('the conversations of a user are those of its app in which it is a member now', async (view) => {
    const other = 'other-chat' as ConversationId
    const foreign = 'foreign-chat' as ConversationId
    await view.apply([
      created(chat),
      created(other),
      {
        app: 'app-2' as AppId,
        conversation: foreign,
        data: { ...data, app: 'app-2' as AppId },
        members: [member(ana, true, 0)],
      },
    ])
    assert.deepEqual((await view.conversationsOf(app, ana)).sort(), [chat, other].sort())
    assert.deepEqual(await view.conversationsOf('app-2' as AppId, ana), [foreign])
    assert.deepEqual(await view.conversationsOf(app, 'an' as UserId), [])
    await view.apply([{ app, conversation: other, members: [member(ana, false, 4)] }])
    assert.deepEqual(await view.conversationsOf(app, ana), [chat])
    return undefined
  })

  behaves('cursors only rise, each field for itself', async (view) => {
    await view.apply([created(chat), { app, conversation: chat, messages: batch(1, 20) }])
    await view.apply([{ app, conversation: chat, cursors: [cursor(ana, 10, 5), cursor(ben, 3, 3)] }])
    await view.apply([{ app, conversation: chat, cursors: [cursor(ana, 7, 6), cursor(ana, 8, 1)] }])
    await view.apply([{ app, conversation: chat, cursors: [cursor(ben, 2, 4)] }])
    assert.deepEqual(byUser((await view.load(chat))!.cursors), [cursor(ana, 10, 6), cursor(ben, 3, 4)])
    return undefined
  })

  behaves('an expired message is never returned, swept or not', async (view) => {
    await view.apply([created(chat), { app, conversation: chat, messages: batch(1, 6, [0, 50, 100, 0, 101, 200]) }])
    assert.deepEqual(await seqs(view, { now: 49 }), numbers(1, 6))
    assert.deepEqual(await seqs(view, { now: 50 }), [1, 3, 4, 5, 6])
    assert.deepEqual(await seqs(view, { now: 100 }), [1, 4, 5, 6])
    assert.deepEqual(await seqs(view, { now: 100, limit: 2 }), [1, 4])
    assert.deepEqual(await seqs(view, { now: 101, limit: 2, newestFirst: true }), [4, 6])
    await view.sweep(at(150), 100)
    assert.deepEqual(await seqs(view, { now: 150 }), [1, 4, 6])
    return undefined
  })

  behaves(
    'sweeping raises `first` when the lowest messages have expired, and keeps head and message_ids',
    async (view) => {
      const expireAt = (time: number, from: number, to: number) =>
        batch(
          from,
          to,
          numbers(from, to).map(() => time),
        )
      await view.apply([created(chat), { app, conversation: chat, messages: expireAt(100, 1, 4) }])
      await view.apply([{ app, conversation: chat, messages: expireAt(300, 5, 6) }])
      await view.apply([{ app, conversation: chat, messages: expireAt(200, 7, 9) }])
      await sweepAll(view, 99)
      await firstIs(view, 1)
      await sweepAll(view, 100)
      await firstIs(view, 5)
      await sweepAll(view, 250)
      await firstIs(view, 5)
      assert.deepEqual(await seqs(view, { now: 250 }), [5, 6])
      await sweepAll(view, 300)
      await firstIs(view, 10)
      assert.equal((await view.load(chat))?.head, 9)
      for (const seq of numbers(1, 9)) assert.equal(await view.find(chat, idOf(seq)), seq)
      // And it goes on.
      await view.apply([{ app, conversation: chat, messages: batch(10, 11) }])
      assert.deepEqual(await seqs(view, { now: 400 }), [10, 11])
      await firstIs(view, 10)
      return undefined
    },
  )

  behaves('`first` rises within a batch, up to what lives for ever', async (view) => {
    await view.apply([created(chat), { app, conversation: chat, messages: batch(1, 4, [10, 20, 0, 30]) }])
    await sweepAll(view, 10)
    await sweepAll(view, 20)
    await sweepAll(view, 30)
    await firstIs(view, 3)
    assert.deepEqual(await seqs(view, { now: 30 }), [3])
    return undefined
  })

  behaves('a sweep takes no more batches than it may', async (view) => {
    await view.apply([created(chat)])
    for (const seq of numbers(1, 10)) await view.apply([{ app, conversation: chat, messages: batch(seq, seq, [50]) }])
    const first = await view.sweep(at(60), 4)
    assert.ok(first <= 4, `${first} batches went`)
    await sweepAll(view, 60)
    await firstIs(view, 11)
    return undefined
  })

  behaves('applying what was swept brings nothing back', async (view) => {
    await view.apply([created(chat), { app, conversation: chat, messages: batch(1, 3, [10, 10, 10]) }])
    await sweepAll(view, 20)
    await view.apply([{ app, conversation: chat, messages: batch(1, 5, [10, 10, 10, 0, 0]) }])
    assert.deepEqual(await seqs(view, { now: 20 }), [4, 5])
    await sweepAll(view, 20)
    await firstIs(view, 4)
    return undefined
  })

  behaves('a group of thousands is loaded whole', async (view) => {
    const users = numbers(1, 3_000).map((n) => `user-${String(n).padStart(5, '0')}` as UserId)
    await view.apply([
      created(chat),
      { app, conversation: chat, members: users.map((user) => member(user, true, 1)) },
      { app, conversation: chat, cursors: users.map((user, n) => cursor(user, n, 0)) },
    ])
    const stored = await view.load(chat)
    assert.equal(stored?.members.length, 3_002)
    assert.equal(stored.cursors.length, 3_000)
    assert.deepEqual(byUser(stored.cursors)[2_999], cursor(users[2_999]!, 2_999, 0))
    return undefined
  })

  if (reopen === undefined) return

  behaves('everything is there after a restart, and goes on', async (view) => {
    await view.apply([created(chat), { app, conversation: chat, messages: batch(1, 40), cursors: [cursor(ana, 9, 8)] }])
    for (const seq of numbers(41, 60)) await view.apply([{ app, conversation: chat, messages: batch(seq, seq) }])
    const again = await reopen(view)
    await again.apply([{ app, conversation: chat, messages: batch(50, 70), cursors: [cursor(ana, 8, 10)] }])
    assert.deepEqual(
      (await again.messages(chat, range())).map(({ bytes }) => text(bytes)),
      numbers(1, 70).map(bodyOf),
    )
    for (const seq of numbers(1, 70)) assert.equal(await again.find(chat, idOf(seq)), seq)
    assert.deepEqual((await again.load(chat))?.cursors, [cursor(ana, 9, 10)])
    assert.deepEqual(await again.conversationsOf(app, ana), [chat])
    return again
  })
}

/** Adapters whose engine expires rows by itself may have nothing to sweep. */
async function sweepAll(view: MessageView, now: number): Promise<void> {
  while ((await view.sweep(at(now), 3)) > 0);
}
