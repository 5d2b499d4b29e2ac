import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { DataFolderInUseError } from './data-folder-in-use-error.js'

/**
 * One process per data folder. The lock is the one that LevelDB takes on its own folder: a record lock that the
 * operating system holds for the process and gives up when the process ends, however it ends. So there is no stale lock
 * after kill -9, no guess whether a pid was used again, and no race between two that want to take one over. An empty
 * database costs some kilobytes. The file `owner` beside it is only for people: whom to stop.
 */
export interface DataFolder {
  readonly path: string
  /** Lets another process, or another opener in this one, have the folder. */
  close(): Promise<void>
}

/**
 * Creates the folder if need be and locks it until `close`, or until this process ends.
 * @throws DataFolderInUseError
 */
export async function openDataFolder(path: string): Promise<DataFolder> {
  await mkdir(path, { recursive: true })
  const ownerFile = join(path, 'owner')
  const lock = new ClassicLevel(join(path, 'lock'))
  try {
    await lock.open()
  } catch (error) {
    if (!isLocked(error)) throw error
    throw new DataFolderInUseError(path, await readPid(ownerFile))
  }
  await writeFile(ownerFile, `${process.pid}\n`)
  return { path, close: () => lock.close() }
}

function isLocked(error: unknown): boolean {
  return error instanceof Error && ((error as NodeJS.ErrnoException).code === 'LEVEL_LOCKED' || isLocked(error.cause))
}

async function readPid(ownerFile: string): Promise<number | undefined> {
  const pid = Number.parseInt(await readFile(ownerFile, 'utf8').catch(() => ''), 10)
  return Number.isNaN(pid) ? undefined : pid
}
