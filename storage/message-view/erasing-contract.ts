import assert from 'node:assert/strict'
import { ERASED_USER, message, Reader, type Seq, type UserId } from '@chat4all/protocol'
import {
  ana,
  app,
  at,
  batch,
  ben,
  byUser,
  cem,
  chat,
  created,
  cursor,
  idOf,
  member,
  numbers,
  range,
  sealedBatch,
  seqs,
} from './contract-samples.js'
import type { MessageView } from './port.js'

/**
 * What every adapter of MessageView promises of erasing (decision 0081): what is erased is gone for good, whoever writes
 * it once more, and nothing else is.
 */
export function erasingContract(
  behaves: (what: string, run: (view: MessageView) => Promise<MessageView | undefined>) => void,
): void {
  behaves('what is erased is gone with its members and receipts, and what follows is there', async (view) => {
    await view.apply([
      created(chat),
      { app, conversation: chat, messages: batch(1, 300), cursors: [cursor(ana, 9, 9)] },
    ])
    const rises = [{ user: ana, kind: 'read' as const, upto: 300 as Seq, time: at(5) }]
    const erasing = [
      { app, conversation: chat, rises, messages: batch(301, 302), erase: { upto: 302 as Seq } },
      { app, conversation: chat, messages: batch(303, 305), members: [member(ben, true, 303)] },
    ]
    await view.apply(erasing)
    const check = async () => {
      assert.deepEqual(await seqs(view), [303, 304, 305])
      assert.deepEqual(await seqs(view, { newestFirst: true, limit: 2 }), [304, 305])
      assert.deepEqual(await seqs(view, { limit: 2 }), [303, 304])
      assert.deepEqual(await seqs(view, { after: 100, limit: 2 }), [303, 304])
      const stored = (await view.load(chat))!
      assert.deepEqual([stored.head, stored.first], [305, 303])
      assert.deepEqual(byUser(stored.members), [member(ana, false, 302, 'admin'), member(ben, true, 303)])
      assert.deepEqual(await view.conversationsOf(app, ana), [])
      assert.deepEqual(await view.conversationsOf(app, ben), [chat])
      assert.deepEqual(await view.receipts(chat, 100 as Seq, [ana]), [{ user: ana }])
    }
    await check()
    // Once more, as after a crash; and what came before it, late.
    await view.apply(erasing)
    await view.apply([{ app, conversation: chat, messages: batch(1, 300) }])
    await check()
    // The erasure alone takes nothing of what came behind it.
    await view.apply([{ app, conversation: chat, rises: [{ user: ben, kind: 'read', upto: 305 as Seq, time: at(9) }] }])
    await view.apply([erasing[0]!])
    await check()
    assert.deepEqual(await view.receipts(chat, 304 as Seq, [ben]), [{ user: ben, read: 9 }])
    return undefined
  })

  behaves('of a user that is forgotten nothing is left that it said up to there', async (view) => {
    const said = (from: UserId, first: number, last: number) => sealedBatch(from, first, last)
    await view.apply([created(chat), { app, conversation: chat, messages: said(ana, 1, 100) }])
    await view.apply([{ app, conversation: chat, messages: said(ben, 101, 120) }])
    const forgetting = [
      { app, conversation: chat, messages: said(ana, 121, 122), erase: { upto: 122 as Seq, user: ana } },
      { app, conversation: chat, messages: said(ana, 123, 123) },
    ]
    await view.apply(forgetting)
    const check = async () => {
      const all = await view.messages(chat, range())
      assert.deepEqual(
        all.map(({ seq }) => seq),
        numbers(1, 123),
      )
      const senders = all.map(({ bytes }) => message.read(new Reader(bytes)).from)
      assert.deepEqual(new Set(senders.slice(0, 100)), new Set([ERASED_USER]))
      assert.deepEqual(new Set(senders.slice(100, 120)), new Set([ben]))
      assert.deepEqual(senders.slice(120), [ERASED_USER, ERASED_USER, ana])
      assert.equal(message.read(new Reader(all[0]!.bytes)).payload.type, 'erased')
      assert.ok(!Buffer.concat(all.slice(0, 100).map(({ bytes }) => bytes)).includes('words of'))
      assert.equal(await view.find(chat, idOf(50)), 50)
    }
    await check()
    await view.apply(forgetting)
    await view.apply([{ app, conversation: chat, messages: said(ana, 1, 100) }])
    await check()
    return undefined
  })

  behaves('rows that were cut in other places are forgotten too, and messages keep their ends', async (view) => {
    const ends = (first: number, last: number) => numbers(first, last).map((seq) => (seq % 3 === 0 ? 0 : 10_000 + seq))
    const said = (from: UserId, first: number, last: number) => ({
      ...sealedBatch(from, first, last),
      expires: ends(first, last).map(at),
    })
    await view.apply([created(chat), { app, conversation: chat, messages: said(ana, 1, 40) }])
    await view.apply([{ app, conversation: chat, messages: said(ana, 30, 150) }])
    await view.apply([
      { app, conversation: chat, messages: said(ana, 151, 151), erase: { upto: 151 as Seq, user: ana } },
    ])
    const all = await view.messages(chat, range())
    assert.deepEqual(
      all.map(({ seq }) => seq),
      numbers(1, 151),
    )
    assert.ok(all.every(({ bytes }) => message.read(new Reader(bytes)).payload.type === 'erased'))
    assert.deepEqual(await seqs(view, { now: 20_000, limit: 3 }), [3, 6, 9])
    return undefined
  })

  behaves('erasures one right behind the other, told again in the old order: the later one stays', async (view) => {
    const forget = (user: UserId, upto: number) => ({
      app,
      conversation: chat,
      messages: sealedBatch(cem, upto, upto),
      erase: { upto: upto as Seq, user },
    })
    const first = { app, conversation: chat, messages: sealedBatch(ana, 1, 70) }
    const second = { app, conversation: chat, messages: sealedBatch(ben, 71, 80) }
    const steps = [first, second, forget(ana, 81), forget(ben, 82)]
    await view.apply([created(chat), ...steps])
    const senders = async () =>
      (await view.messages(chat, range())).map(({ bytes }) => message.read(new Reader(bytes)).from)
    const gone = [...numbers(1, 80).map(() => ERASED_USER), cem, cem]
    assert.deepEqual(await senders(), gone)
    for (const step of steps) {
      await view.apply([step])
      assert.deepEqual(await senders(), gone)
    }
    const all = { app, conversation: chat, messages: sealedBatch(cem, 83, 83), erase: { upto: 83 as Seq } }
    await view.apply([all])
    for (const step of [...steps, all]) await view.apply([step])
    assert.deepEqual(await senders(), [])
    return undefined
  })
}
