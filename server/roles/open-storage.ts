import type { EmbeddedStorage } from '@chat4all/storage/embedded'
import type { RoleContext } from './role.js'
import type { Teardown } from './teardown.js'

/** The storage in the data folder of this process. A log that fails ends the process. */
export async function openStorage(context: RoleContext, teardown: Teardown): Promise<EmbeddedStorage> {
  const { openEmbeddedStorage } = await import('@chat4all/storage/embedded')
  const storage = await openEmbeddedStorage({
    folder: context.config.dataDir,
    onTornTail: (torn) =>
      context.logger.warn(torn, 'the end of a log was cut off: an append that was never acknowledged'),
    onLogFailed: context.storageFailed,
  })
  teardown.add(() => storage.close())
  return storage
}
