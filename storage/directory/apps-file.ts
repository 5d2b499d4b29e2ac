import type { FileSystem } from '../file-system/port.js'
import { readSmallFile } from '../file-system/small-file.js'
import type { DirectoryStore } from './port.js'
import { upToDate } from './records.js'

/**
 * Data folders of 2.0.0-alpha.1 have their apps in one file. They are put into the directory, and then the file is
 * removed. A crash on the way does no harm: what is there already stays as it is.
 * @throws DamagedFileError
 */
export async function moveAppsFile(fileSystem: FileSystem, path: string, directory: DirectoryStore): Promise<void> {
  const text = await readSmallFile(fileSystem, path)
  if (text === undefined) return
  for (const app of JSON.parse(text) as Parameters<typeof upToDate>[0][]) await directory.createApp(upToDate(app))
  await fileSystem.removeFile(path)
}
