import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { AppId, ConversationId, Epoch, LogId, NodeId, Offset, Slot } from '@chat4all/protocol'
import { type EmbeddedStorage, openEmbeddedStorage } from './embedded.js'

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'chat4all-data-'))
  try {
    await run(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

const log = 'log' as LogId
const one = 'node-1' as NodeId
const first = 0 as Offset

async function fill(storage: EmbeddedStorage): Promise<void> {
  await storage.logs.open(log)
  await storage.logs.append(log, first, Buffer.from('entry'))
  await storage.slots.claim([{ slot: 1 as Slot, from: undefined, to: { epoch: 1 as Epoch, log, node: one } }])
  await storage.directory.createApp({ id: 'app' as AppId, name: 'App', secrets: [], created: 0 })
}

test('a process finds again what it kept, part by part', () =>
  inFolder(async (folder) => {
    const storage = await openEmbeddedStorage({ folder })
    await fill(storage)
    await storage.close()
    const again = await openEmbeddedStorage({ folder })
    assert.deepEqual((await again.logs.read(log, first, 9)).map(String), ['entry'])
    assert.equal((await again.slots.read()).length, 1)
    assert.equal((await again.directory.apps()).length, 1)
    assert.equal(await again.view.load('chat' as ConversationId), undefined)
    await again.close()
  }))

test('a folder is free again after a start that failed, and after close', () =>
  inFolder(async (folder) => {
    await (await openEmbeddedStorage({ folder })).close()
    await writeFile(join(folder, 'slots.json'), 'no slots')
    await assert.rejects(openEmbeddedStorage({ folder }), /slots\.json is damaged/)
    await rm(join(folder, 'slots.json'))
    const storage = await openEmbeddedStorage({ folder })
    await assert.rejects(openEmbeddedStorage({ folder }), { name: 'DataFolderInUseError' })
    await storage.close()
    await (await openEmbeddedStorage({ folder })).close()
  }))
