import type { AppId } from '@chat4all/protocol'
import type { FileId, RemoveBytes, Sha256, StoredFile, UploadPlace } from '@chat4all/storage'
import { type FileContext, storeOf } from './file-context.js'

/** Removes every copy of the bytes of a content that nobody refers to. */
export function removeBytes(context: FileContext): RemoveBytes {
  return async ({ object, copies }) => {
    for (const copy of copies) await storeOf(context, copy).remove(object)
  }
}

/**
 * From now on nobody may have the file; what is left is done here, or by whoever is reminded after a crash. While
 * somebody verifies it, that one finishes: it may be about to refer to the bytes.
 */
export async function removeFile(context: FileContext, app: AppId, id: FileId): Promise<void> {
  const { files, now } = context
  const found = await files.get(app, id)
  if (found === undefined) return
  const busyUntil = found.state.type === 'verifying' ? found.state.busyUntil : now()
  await files.remind(app, id, Math.max(busyUntil, now()) as typeof busyUntil)
  let isBusy = false
  const marked = await files.update(app, id, (file) => {
    isBusy = file.state.type === 'verifying' && file.state.busyUntil > now()
    if (file.state.type === 'deleting') return undefined
    return { ...file, state: { type: 'deleting', checksum: checksumOf(file), place: placeOf(file) } }
  })
  if (marked !== undefined && !isBusy) await finishRemoval(context, marked)
}

/** What a file marked as `deleting` still has is removed. May be repeated, and done by two at once. */
export async function finishRemoval(context: FileContext, file: StoredFile): Promise<void> {
  const { files, events } = context
  const { app, id, owner } = file
  const checksum = checksumOf(file)
  if (checksum !== undefined) {
    await files.contents.release({ app, sha256: checksum, owner, file: id }, removeBytes(context))
  }
  const place = placeOf(file)
  if (place !== undefined) {
    await storeOf(context, place.store).abort(place.object)
    await removeUnlessContent(context, app, checksum, place)
  }
  await files.remove(app, id)
  events.removed(app, id)
}

/** Removes an uploaded object, unless it is what others refer to. */
export async function removeUnlessContent(
  context: FileContext,
  app: AppId,
  checksum: Sha256 | undefined,
  place: UploadPlace,
): Promise<void> {
  const content = checksum && (await context.files.contents.get(app, checksum))
  if (content?.object !== place.object) await storeOf(context, place.store).remove(place.object)
}

function checksumOf({ state }: StoredFile): Sha256 | undefined {
  return state.type === 'uploading' ? undefined : state.checksum
}

function placeOf({ state }: StoredFile): UploadPlace | undefined {
  return state.place
}
