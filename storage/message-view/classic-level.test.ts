import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { AppId, ConversationId, Millis, Seq, UserId } from '@chat4all/protocol'
import { ClassicLevel } from 'classic-level'
import fc from 'fast-check'
import { batchesOf } from './classic-level/keys.js'
import { openClassicLevelView } from './classic-level.js'
import { messageViewContract } from './contract.js'
import type { MessageBatch, MessageView } from './port.js'

const folders = new Map<MessageView, string>()
after(() => Promise.all([...folders.values()].map((folder) => rm(folder, { recursive: true, force: true }))))

async function openIn(folder: string): Promise<MessageView> {
  const view = await openClassicLevelView({ folder })
  folders.set(view, folder)
  return view
}

async function openNew(): Promise<MessageView> {
  return openIn(await mkdtemp(join(tmpdir(), 'chat4all-view-')))
}

async function reopen(view: MessageView): Promise<MessageView> {
  await view.close()
  return openIn(folders.get(view)!)
}

messageViewContract('classic-level', openNew, reopen)

const chat = 'chat' as ConversationId

/** Ids that differ in two bytes only, so that nearly every one is found across the border of two others first. */
function idOf(seq: number): Buffer {
  const id = Buffer.alloc(16, 0x11)
  id.writeUInt16BE(seq, 7)
  return id
}

function batch(firstSeq: number, count: number): MessageBatch {
  const all = Array.from({ length: count }, (_, i) => firstSeq + i)
  return {
    firstSeq: firstSeq as Seq,
    lastSeq: (firstSeq + count - 1) as Seq,
    bytes: Buffer.concat(all.map((seq) => Buffer.from(`m${seq}`))),
    lengths: all.map((seq) => `m${seq}`.length),
    messageIds: Buffer.concat(all.map(idOf)),
  }
}

test('whatever the sizes of batches and restarts between, each message_id leads to its seq', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          count: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 700 })),
          again: fc.nat(30),
          restart: fc.nat(9).map((n) => n === 0),
        }),
        { minLength: 1, maxLength: 90 },
      ),
      async (steps) => {
        let view = await openNew()
        let head = 0
        for (const { count, again, restart } of steps) {
          const first = Math.max(1, head + 1 - again)
          await view.apply([
            { app: 'app' as AppId, conversation: chat, messages: batch(first, head + 1 - first + count) },
          ])
          head += count
          if (restart) view = await reopen(view)
        }
        for (let seq = 1; seq <= head; seq += 1 + Math.floor(head / 300))
          assert.equal(await view.find(chat, idOf(seq)), seq)
        assert.equal(await view.find(chat, idOf(head)), head)
        assert.equal(await view.find(chat, idOf(head + 1)), undefined)
        const read = await view.messages(chat, {
          after: 0 as Seq,
          before: (head + 1) as Seq,
          limit: head + 1,
          newestFirst: false,
          now: 0 as Millis,
        })
        assert.equal(read.length, head)
        for (const [i, { seq, bytes }] of read.entries()) {
          assert.equal(seq, i + 1)
          assert.equal(Buffer.from(bytes).toString(), `m${seq}`)
        }
        await view.close()
      },
    ),
    { numRuns: 25 },
  )
})

test('ids are found while they move from page to page', async () => {
  const view = await openNew()
  let head = 0
  let looking = true
  const looked = (async () => {
    for (let n = 0; looking; n++) {
      const wanted = head === 0 ? 0 : 1 + ((n * 7) % head)
      if (wanted > 0) assert.equal(await view.find(chat, idOf(wanted)), wanted)
      else await new Promise(setImmediate)
    }
  })()
  // Past 16 × 16 × 16 ids, so that pages merge and an archive comes.
  while (head < 5_000) {
    await view.apply([{ app: 'app' as AppId, conversation: chat, messages: batch(head + 1, 17) }])
    head += 17
  }
  looking = false
  await looked
  await view.close()
})

test('a gap in what is applied is refused with its place, and nothing of the call is written', async () => {
  const view = await openNew()
  const other = 'other' as ConversationId
  await view.apply([{ app: 'app' as AppId, conversation: chat, messages: batch(1, 3) }])
  await assert.rejects(
    view.apply([
      { app: 'app' as AppId, conversation: other, messages: batch(1, 1) },
      { app: 'app' as AppId, conversation: chat, messages: batch(5, 2) },
    ]),
    /messages 5 to 6 of chat came, and the view ends at 3/,
  )
  assert.equal(await view.find(other, idOf(1)), undefined)
  await view.apply([{ app: 'app' as AppId, conversation: chat, messages: batch(4, 2) }])
  await view.close()
})

test('members before their conversation are refused', async () => {
  const view = await openNew()
  const ana = { user: 'ana' as UserId, role: 'member' as const, present: true, version: 0 as Seq }
  await assert.rejects(
    view.apply([{ app: 'app' as AppId, conversation: chat, members: [ana] }]),
    /before the conversation itself/,
  )
  assert.deepEqual(await view.conversationsOf('app' as AppId, ana.user), [])
  await view.close()
})

test('two calls at once are applied one after the other', async () => {
  const view = await openNew()
  await Promise.all(
    [1, 4, 2, 9].map((first) =>
      view.apply([{ app: 'app' as AppId, conversation: chat, messages: batch(1, first + 5) }]),
    ),
  )
  assert.equal(await view.find(chat, idOf(14)), 14)
  assert.equal(await view.find(chat, idOf(15)), undefined)
  await view.close()
})

test('a damaged database is refused, with its place', async () => {
  const view = await openNew()
  await view.close()
  const folder = folders.get(view)!
  const manifest = (await readdir(folder)).find((file) => file.startsWith('MANIFEST'))!
  await writeFile(join(folder, manifest), 'x'.repeat(100))
  await assert.rejects(openClassicLevelView({ folder }), { name: 'DamagedFileError', file: folder })
})

test('a damaged byte anywhere in stored messages is told, never shown; batches beside it are read', async () => {
  const view = await openNew()
  await view.apply([{ app: 'app' as AppId, conversation: chat, messages: batch(1, 2) }])
  await view.apply([{ app: 'app' as AppId, conversation: chat, messages: batch(3, 2) }])
  await view.close()
  const database = new ClassicLevel<Buffer, Buffer>(folders.get(view)!, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  })
  const rows = await database.iterator(batchesOf(chat, 1 as Seq)).all()
  const [key, row] = rows[1]!
  await database.close()
  for (let position = 0; position < row.length; position++) {
    const damaged = Buffer.from(row)
    damaged[position]! ^= 0x20
    await database.open()
    await database.put(key, damaged)
    await database.close()
    const reopened = await reopen(view)
    const read = (after: number, before: number) =>
      reopened.messages(chat, {
        after: after as Seq,
        before: before as Seq,
        limit: 10,
        newestFirst: false,
        now: 0 as Millis,
      })
    await assert.rejects(read(0, 10), { name: 'DamagedFileError', message: /from seq 3 on/ })
    assert.deepEqual(
      (await read(0, 3)).map(({ seq }) => seq),
      [1, 2],
    )
    await reopened.close()
  }
})

test('messages that are not there are told where nothing expires: rows that LevelDB lost make no silent gap', async () => {
  const view = await openNew()
  for (const first of [1, 3, 5])
    await view.apply([{ app: 'app' as AppId, conversation: chat, messages: batch(first, 2) }])
  await view.close()
  const database = new ClassicLevel<Buffer, Buffer>(folders.get(view)!, { keyEncoding: 'buffer' })
  const [, middle] = await database.keys(batchesOf(chat, 1 as Seq)).all()
  await database.del(middle!)
  await database.close()
  const reopened = await reopen(view)
  const read = (after: number, limit: number, newestFirst: boolean) =>
    reopened.messages(chat, { after: after as Seq, before: 99 as Seq, limit, newestFirst, now: 0 as Millis })
  await assert.rejects(read(0, 10, false), { name: 'DamagedFileError', message: /message 3 of chat is not there/ })
  await assert.rejects(read(0, 10, true), { name: 'DamagedFileError' })
  assert.deepEqual(
    (await read(0, 2, true)).map(({ seq }) => seq),
    [5, 6],
  )
  await reopened.close()
})
