import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppId, ConversationId, Seq } from '@chat4all/protocol'
import { onSmallDisk } from '../file-system/small-disk.js'
import { openClassicLevelView } from './classic-level.js'
import type { ConversationChange, MessageView } from './port.js'
import { ViewFailedError } from './view-failed-error.js'

const conversation = 'filled' as ConversationId

function messageChange(seq: number, length: number): ConversationChange {
  const messageIds = Buffer.alloc(16)
  messageIds.writeUInt32BE(seq)
  const [firstSeq, lastSeq] = [seq as Seq, seq as Seq]
  // Bytes that do not shrink when the engine compresses them.
  const bytes = Buffer.from(Array.from({ length }, (_, i) => (Math.imul(seq * 10_007 + i, 0x9e3779b1) >>> 13) & 0xff))
  return { app: 'app' as AppId, conversation, messages: { firstSeq, lastSeq, bytes, lengths: [length], messageIds } }
}

test('a view whose disk is full says so as a failure that ends the process, and keeps what it applied', (t) =>
  onSmallDisk(t, 2, async (folder) => {
    const options = { folder: `${folder}/view` }
    const view = await openClassicLevelView(options)
    const { applied, refusal } = await fillUp(view)
    assert.ok(applied > 100, `the disk was full after ${applied} messages`)
    assert.ok(refusal instanceof ViewFailedError)
    assert.deepEqual([refusal.fatal, refusal.code], [true, 'ENOSPC'])
    // A small change might fit; behind a torn one it could be lost again.
    await assert.rejects(view.apply([messageChange(applied + 1, 1)]), refusal)
    await assert.rejects(view.sweep(0 as never, 1), refusal)
    assert.equal(await view.find(conversation, messageChange(applied, 1).messages!.messageIds), applied)
    await view.close()
  }))

async function fillUp(view: MessageView): Promise<{ applied: number; refusal: unknown }> {
  for (let applied = 0; ; applied++) {
    try {
      await view.apply([messageChange(applied + 1, 10_000)])
    } catch (refusal) {
      return { applied, refusal }
    }
  }
}
