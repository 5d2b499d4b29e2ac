import { type EmbeddedStorage, openEmbeddedStorage } from '@chat4all/storage'
import type { RoleContext } from './role.js'
import type { Teardown } from './teardown.js'

/** The storage in the data folder of this process. A log that fails ends the process. */
export async function openStorage(context: RoleContext, teardown: Teardown): Promise<EmbeddedStorage> {
  const storage = await openEmbeddedStorage({
    folder: context.config.dataDir,
    onTornTail: (torn) =>
      context.logger.warn(torn, 'the end of a log was cut off: an append that was never acknowledged'),
    onLogFailed: context.storageFailed,
  })
  teardown.add(() => storage.close())
  return storage
}
