import type { AppId } from '@chat4all/protocol'
import { ObjectStoreUnavailableError, type Sha256, type StoreId } from '@chat4all/storage'
import { type FileContext, storeOf } from './file-context.js'

/**
 * Brings the bytes of a content to as many stores as are wanted, those first that its name places it on. A copy counts
 * once it is whole; one that exists is not made again. A store that turns out to be down is gone round. Resolves with
 * whether there are enough.
 */
export async function makeCopies(context: FileContext, app: AppId, sha256: Sha256): Promise<boolean> {
  const { files, objects, events, now } = context
  const content = await files.contents.get(app, sha256)
  if (content === undefined) return true
  const { object, layout } = content
  const copies = new Set<StoreId>(content.copies)
  for (const to of objects.placesFor(object)) {
    if (copies.size >= objects.copies) break
    if (copies.has(to) || !objects.isHealthy(to)) continue
    const [from] = objects.readersOf(object, [...copies])
    if (from === undefined) return false
    const startedMs = now()
    const target = storeOf(context, to)
    try {
      if ((await target.stat(object))?.bytes !== layout.bytes) {
        await target.write(object, layout.bytes, await storeOf(context, from).read(object))
      }
    } catch (error) {
      if (!(error instanceof ObjectStoreUnavailableError)) throw error
      // It may be the one that is read from: only asking both tells.
      await objects.look()
      continue
    }
    await files.contents.addCopy(app, sha256, object, to)
    const current = await files.contents.get(app, sha256)
    // Removed meanwhile: then nobody knows of this copy but us.
    if (current?.object !== object) {
      await target.remove(object)
      return true
    }
    copies.add(to)
    events.copied(app, sha256, to, now() - startedMs)
  }
  return copies.size >= objects.copies
}
