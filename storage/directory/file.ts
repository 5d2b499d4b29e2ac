import { dirname } from 'node:path'
import type { AppId } from '@chat4all/protocol'
import { nodeFileSystem } from '../file-system/node.js'
import type { FileSystem } from '../file-system/port.js'
import { readSmallFile, replaceFile } from '../file-system/small-file.js'
import type { DirectoryStore, StoredApp } from './port.js'

export interface DirectoryFileOptions {
  /** The file; only this process uses it (openDataFolder). */
  readonly path: string
  readonly fileSystem?: FileSystem
}

/**
 * Opens the directory of one process: apps are few and change rarely, so all of them are in memory and in one small
 * file, which is replaced as a whole.
 * @throws DamagedFileError
 */
export async function openDirectoryFile(options: DirectoryFileOptions): Promise<DirectoryStore> {
  const fileSystem = options.fileSystem ?? nodeFileSystem
  await fileSystem.makeFolder(dirname(options.path))
  const text = await readSmallFile(fileSystem, options.path)
  const apps = text === undefined ? [] : (JSON.parse(text) as StoredApp[])
  return new DirectoryFile(fileSystem, options.path, apps)
}

class DirectoryFile implements DirectoryStore {
  private readonly fileSystem: FileSystem
  private readonly path: string
  private stored: ReadonlyMap<AppId, StoredApp>
  private last: Promise<unknown> = Promise.resolve()

  constructor(fileSystem: FileSystem, path: string, apps: readonly StoredApp[]) {
    this.fileSystem = fileSystem
    this.path = path
    this.stored = new Map(apps.map((app) => [app.id, app]))
  }

  async app(id: AppId): Promise<StoredApp | undefined> {
    return this.stored.get(id)
  }

  async apps(): Promise<StoredApp[]> {
    return [...this.stored.values()]
  }

  saveApp({ id, name, secretHashes, created }: StoredApp): Promise<void> {
    const app: StoredApp = { id, name, secretHashes: [...secretHashes], created }
    const saved = this.last.then(async () => {
      const apps = new Map(this.stored).set(id, app)
      await replaceFile(this.fileSystem, this.path, JSON.stringify([...apps.values()]))
      this.stored = apps
    })
    this.last = saved.catch(() => {})
    return saved
  }

  async close(): Promise<void> {
    await this.last
  }
}
