import { createReadStream } from 'node:fs'
import { access, constants } from 'node:fs/promises'
import { DigestThread } from './digest/digest-thread.js'
import { ObjectFolder } from './embedded/object-folder.js'
import type { PartWriter } from './embedded/part-writer.js'
import { SignedPaths } from './embedded/signed-path.js'
import { type ObjectName, type ObjectStore, objectName, type Upload, type UploadId } from './port.js'

export { PartBusyError } from './embedded/object-folder.js'
export type { PartWriter } from './embedded/part-writer.js'

export interface EmbeddedObjectsOptions {
  readonly folder: string
  /** Signs addresses. The same after a restart, so that an upload goes on. */
  readonly key: Uint8Array
  /** Put before the path of each address; none: clients resolve it against the address that they asked. */
  readonly publicUrl?: string
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** Objects in a folder, at addresses that the edge's own port answers (edge/files/object-routes.ts). */
export interface EmbeddedObjects extends ObjectStore {
  /** What a PUT to this address may write; undefined when the address is not one of ours or has ended. */
  receive(path: string, search: string): ReceivedPart | undefined
  /** What a GET of this address may read. */
  serve(path: string, search: string): ServedObject | undefined
}

export interface ReceivedPart {
  readonly bytes: number
  /** @throws NoSuchUploadError, PartBusyError */
  open(): Promise<PartWriter>
}

export interface ServedObject {
  readonly contentType: string
  readonly contentDisposition: string
  /** Undefined when it is gone. */
  open(): Promise<OpenObject | undefined>
}

export interface OpenObject {
  readonly bytes: number
  /** Fills `into` from `position` on; resolves with the bytes read. */
  read(into: Uint8Array, position: number): Promise<number>
  close(): Promise<void>
}

/** Where the addresses of objects begin. */
export const OBJECTS_PATH = '/objects/'

export async function openEmbeddedObjects(options: EmbeddedObjectsOptions): Promise<EmbeddedObjects> {
  const { folder, key, publicUrl = '', now = Date.now } = options
  const files = new ObjectFolder(folder)
  await files.open()
  const paths = new SignedPaths(key, now)
  const hashing = new DigestThread()
  const objectOf = (path: string): ObjectName => objectName(path.slice(OBJECTS_PATH.length))

  return {
    begin: (object, layout) => files.begin(object, layout),
    async partUrl({ object, id, layout }, part, seconds) {
      const { bytes, partBytes } = layout
      const parameters = { upload: id, part: String(part), size: String(bytes), part_size: String(partBytes) }
      return publicUrl + paths.sign('PUT', OBJECTS_PATH + object, parameters, seconds)
    },
    parts: (upload) => files.parts(upload),
    complete: (upload) => files.complete(upload),
    abort: (object) => files.abort(object),
    async downloadUrl(object, { seconds, contentType, contentDisposition }) {
      const parameters = { content_type: contentType, content_disposition: contentDisposition }
      return publicUrl + paths.sign('GET', OBJECTS_PATH + object, parameters, seconds)
    },
    async stat(object) {
      const bytes = await files.bytes(object)
      return bytes === undefined ? undefined : { bytes }
    },
    async digest(object, partBytes) {
      if ((await files.bytes(object)) === undefined) return undefined
      return hashing.digest({ path: files.pathOf(object) }, partBytes)
    },
    remove: (object) => files.remove(object),
    read: async (object) => createReadStream(files.pathOf(object)),
    write: (object, bytes, source) => files.write(object, bytes, source),
    health: () => access(folder, constants.R_OK | constants.W_OK),
    close: () => hashing.close(),

    receive(path, search) {
      const signed = paths.verify('PUT', path, search)
      if (signed === undefined) return undefined
      const layout = { bytes: Number(signed.size), partBytes: Number(signed.part_size) }
      const upload: Upload = { object: objectOf(path), id: signed.upload as UploadId, layout }
      const part = Number(signed.part)
      const before = (part - 1) * layout.partBytes
      return { bytes: Math.min(layout.partBytes, layout.bytes - before), open: () => files.writer(upload, part) }
    },
    serve(path, search) {
      const signed = paths.verify('GET', path, search)
      if (signed === undefined) return undefined
      return {
        contentType: signed.content_type!,
        contentDisposition: signed.content_disposition!,
        async open() {
          const file = await files.file(objectOf(path))
          if (file === undefined) return undefined
          const { size } = await file.stat()
          return {
            bytes: size,
            read: async (into, position) => (await file.read(into, 0, into.length, position)).bytesRead,
            close: () => file.close(),
          }
        },
      }
    },
  }
}
