import type { AppId, Millis, UserId } from '@chat4all/protocol'
import type { StoreId } from '../objects/placement.js'
import { objectName, type UploadId } from '../objects/port.js'
import type { FileId, Reference, Sha256, StoredContent, StoredFile } from './port.js'

/** What the tests of a FileStore keep in it. */

export const app = 'demo' as AppId
export const sha256 = 'a'.repeat(64) as Sha256
export const at = (ms: number) => ms as Millis

export function file(id: string): StoredFile {
  const place = { store: 's' as StoreId, object: objectName(`demo/${id}`), upload: 'u' as UploadId }
  return {
    id: id as FileId,
    app,
    owner: 'ana' as UserId,
    name: 'a.txt',
    mime: 'text/plain',
    layout: { bytes: 10, partBytes: 10 },
    created: at(1),
    state: { type: 'uploading', place, expires: at(100) },
  }
}

export const reference = (id: string, owner: string | undefined = 'ana'): Reference => ({
  app,
  sha256,
  owner: owner as UserId | undefined,
  file: id as FileId,
})

export const content = (id: string): StoredContent => ({
  sha256,
  object: objectName(`demo/${id}`),
  layout: { bytes: 10, partBytes: 10 },
  parts: [sha256],
  copies: ['s' as StoreId],
})
