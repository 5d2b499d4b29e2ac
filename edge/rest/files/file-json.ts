import { Chat4AllError } from '@chat4all/protocol'
import type { FileAnswer } from '@chat4all/protocol/rest'
import { type FileId, partCount, type StoredContent, type StoredFile } from '@chat4all/storage'
import type { Identity } from '../../auth/port.js'
import type { Caller } from '../../files/caller.js'
import type { FileService, PartUrl } from '../../files/file-service.js'
import type { RestServices } from '../services.js'

/** How files are told in JSON. */

export const fileIdOf = (params: { readonly file_id: string }): FileId => params.file_id as FileId

/** @throws Chat4AllError UNAVAILABLE where this server keeps no files. */
export function filesOf({ files }: RestServices): FileService {
  if (files === undefined) throw new Chat4AllError('UNAVAILABLE', 'This server keeps no files.')
  return files
}

export function callerOf({ app, user }: Identity): Caller {
  return { app, user }
}

/** One that is being removed is told to nobody: the service answers NOT_FOUND. */
export function stateOf({ state }: StoredFile): FileAnswer['state'] {
  return state.type === 'deleting' ? 'failed' : state.type
}

export function layoutJson({ layout }: StoredFile): { size: number; part_size: number; part_count: number } {
  return { size: layout.bytes, part_size: layout.partBytes, part_count: partCount(layout) }
}

export function partUrlJson({ part, bytes, url }: PartUrl): { part_number: number; size: number; url: string } {
  return { part_number: part, size: bytes, url }
}

export function fileJson(file: StoredFile, content: StoredContent | undefined): FileAnswer {
  const { id, name, mime, layout, owner, created, state } = file
  return {
    file_id: id,
    state: stateOf(file),
    name,
    mime,
    size: layout.bytes,
    part_size: layout.partBytes,
    ...(owner !== undefined && { owner }),
    created,
    ...(state.type !== 'uploading' && state.checksum !== undefined && { checksum: state.checksum }),
    ...(content && { parts: [...content.parts] }),
    ...(state.type === 'failed' && { reason: state.reason }),
  }
}
