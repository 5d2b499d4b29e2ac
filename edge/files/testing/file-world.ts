import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AppId, ConversationId, Millis, UserId } from '@chat4all/protocol'
import {
  type EmbeddedObjects,
  type FileId,
  ObjectStores,
  openEmbeddedObjects,
  type Records,
  recordsFiles,
  type StoreId,
} from '@chat4all/storage'
import type { FileEvents } from '../file-context.js'
import { FileService } from '../file-service.js'
import { memoryRecords } from './memory-records.js'

export interface FileWorldOptions {
  readonly now: () => number
  readonly isMember: (app: AppId, conversation: ConversationId, user: UserId) => Promise<boolean>
  readonly records?: Records
  /** Stores, each with a folder of its own. */
  readonly stores?: number
  readonly copies?: number
}

/** A file service over records in memory and folders: for tests. More services on the same are other edges. */
export interface FileWorld {
  readonly stores: readonly EmbeddedObjects[]
  readonly objects: ObjectStores
  readonly records: Records
  readonly events: [name: string, ...about: unknown[]][]
  /** Another edge; with records and stores of its own making, to let it fail. */
  service(records?: Records, objects?: ObjectStores): FileService
  /** Paths of all that lies in the stores. */
  stored(): string[]
  /** Puts bytes to a presigned address. Resolves with the HTTP status that the edge's port would answer. */
  put(url: string, bytes: Uint8Array): Promise<number>
  /** What a presigned address gives; undefined: nothing. */
  fetch(url: string): Promise<Buffer | undefined>
}

const folders: string[] = []
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

export async function fileWorld(options: FileWorldOptions): Promise<FileWorld> {
  const { now, isMember, records = memoryRecords(), copies = 1 } = options
  const stores: EmbeddedObjects[] = []
  const own: string[] = []
  for (let i = 0; i < (options.stores ?? 1); i++) {
    const folder = mkdtempSync(join(tmpdir(), 'chat4all-file-world-'))
    folders.push(folder)
    own.push(folder)
    stores.push(await openEmbeddedObjects({ folder, key: randomBytes(32), now }))
  }
  const placed = stores.map((store, i) => ({ id: `store-${i}` as StoreId, weight: 1, store }))
  const objects = new ObjectStores(placed, { copies, healthMs: 1_000_000 })
  const events: [string, ...unknown[]][] = []
  const log =
    (name: keyof FileEvents) =>
    (...about: unknown[]) =>
      void events.push([name, ...about])
  const logged: FileEvents = {
    initiated: log('initiated'),
    verified: log('verified'),
    verificationFailed: log('verificationFailed'),
    removed: log('removed'),
    copied: log('copied'),
    failed: log('failed'),
  }
  const found = <T>(find: (store: EmbeddedObjects, path: string, search: string) => T | undefined, url: string) => {
    const { pathname, search } = new URL(url, 'http://localhost')
    return stores.map((store) => find(store, pathname, search)).find((one) => one !== undefined)
  }
  return {
    stores,
    objects,
    records,
    events,
    stored: () =>
      own.flatMap((folder) => {
        const found = readdirSync(folder, { recursive: true, withFileTypes: true })
        return found.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
      }),
    service: (seen = records, reached = objects) =>
      new FileService(
        {
          files: recordsFiles(seen),
          objects: reached,
          isMember,
          events: logged,
          now: () => now() as Millis,
          newFileId: () => `f_${randomBytes(16).toString('base64url')}` as FileId,
        },
        { sweepMs: 1_000_000 },
      ),
    async put(url, bytes) {
      const part = found((store, path, search) => store.receive(path, search), url)
      if (part === undefined) return 403
      const writer = await part.open()
      await writer.write(bytes)
      await writer.finish()
      return 200
    },
    async fetch(url) {
      const object = await found((store, path, search) => store.serve(path, search), url)?.open()
      if (object === undefined) return undefined
      const bytes = Buffer.alloc(object.bytes)
      await object.read(bytes, 0)
      await object.close()
      return bytes
    },
  }
}
