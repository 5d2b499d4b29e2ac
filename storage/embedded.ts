import { join } from 'node:path'
import { openDataFolder } from './data-folder.js'
import { moveAppsFile } from './directory/apps-file.js'
import type { DirectoryStore } from './directory/port.js'
import { recordsDirectory } from './directory/records.js'
import { DamagedFileError } from './file-system/damaged-file-error.js'
import { nodeFileSystem } from './file-system/node.js'
import { openClassicLevelView } from './message-view/classic-level.js'
import type { MessageView } from './message-view/port.js'
import type { LogFailedError, NodeLogs } from './node-log/port.js'
import { openSegmentFiles, type TornTail } from './node-log/segment-files.js'
import { inProcessPresence } from './presence/in-process.js'
import type { Presence } from './presence/port.js'
import { openClassicLevelRecords } from './records/classic-level.js'
import type { Records } from './records/port.js'
import { openSlotFile } from './slot-table/file.js'
import type { SlotTable } from './slot-table/port.js'

export interface EmbeddedStorageOptions {
  /** Locked for this process; created if need be. */
  readonly folder: string
  readonly onTornTail?: (torn: TornTail) => void
  readonly onLogFailed?: (error: LogFailedError) => void
}

/** Storage of one process without any engine. */
export interface EmbeddedStorage {
  /** Logs of every shard-node of the process, as in a cluster: any of them can recover what another left. */
  readonly logs: NodeLogs
  readonly view: MessageView
  readonly slots: SlotTable
  readonly records: Records
  readonly directory: DirectoryStore
  readonly presence: Presence
  /** Closes everything, also what comes behind a part that fails to close; then rejects with the first failure. */
  close(): Promise<void>
}

/** What an edge keeps where no engine is: the same as EmbeddedStorage without the parts of shard-nodes. */
export interface EmbeddedEdgeStorage {
  readonly records: Records
  readonly directory: DirectoryStore
  close(): Promise<void>
}

/**
 * Opens everything that a process keeps in its data folder:
 * `logs`, `view`, `slots.json`, `records`. All shard-nodes of the process share them.
 * @throws DataFolderInUseError, DamagedFileError, CorruptLogError
 */
export async function openEmbeddedStorage(options: EmbeddedStorageOptions): Promise<EmbeddedStorage> {
  const { folder, onTornTail, onLogFailed } = options
  const opened = new Opened()
  await opened.add(openDataFolder(folder))
  try {
    const slots = await opened.add(openSlotFile({ path: join(folder, 'slots.json') }))
    const { records, directory } = await openRecords(opened, folder)
    const [logsFolder, viewFolder] = [join(folder, 'logs'), join(folder, 'view')]
    await requireViewOfLogs(logsFolder, viewFolder)
    const callbacks = { ...(onTornTail && { onTornTail }), ...(onLogFailed && { onLogFailed }) }
    const logs = await opened.add(openSegmentFiles({ folder: logsFolder, ...callbacks }))
    const view = await opened.add(openClassicLevelView({ folder: viewFolder }))
    const presence = await opened.add(Promise.resolve(inProcessPresence()))
    return {
      logs,
      view,
      slots,
      records,
      directory,
      presence,
      close: () => opened.close(),
    }
  } catch (error) {
    await opened.close()
    throw error
  }
}

/**
 * Opens what an edge of a cluster without engines keeps in its data folder: `records`.
 * @throws DataFolderInUseError, DamagedFileError
 */
export async function openEmbeddedEdgeStorage(folder: string): Promise<EmbeddedEdgeStorage> {
  const opened = new Opened()
  await opened.add(openDataFolder(folder))
  try {
    return { ...(await openRecords(opened, folder)), close: () => opened.close() }
  } catch (error) {
    await opened.close()
    throw error
  }
}

async function openRecords(opened: Opened, folder: string): Promise<{ records: Records; directory: DirectoryStore }> {
  const records = await opened.add(openClassicLevelRecords({ folder: join(folder, 'records') }))
  const directory = await opened.add(Promise.resolve(recordsDirectory(records)))
  await moveAppsFile(nodeFileSystem, join(folder, 'apps.json'), directory)
  return { records, directory }
}

/**
 * A folder that ever had a log has a view, and the log's dropped segments are nowhere else: an empty new view would be the
 * silent loss of everything that was said.
 * @throws DamagedFileError
 */
async function requireViewOfLogs(logs: string, view: string): Promise<void> {
  const had = (await nodeFileSystem.listFolder(logs)) ?? []
  const viewFiles = (await nodeFileSystem.listFolder(view)) ?? []
  if (had.length > 0 && viewFiles.length === 0)
    throw new DamagedFileError(view, 'it is missing, and there are logs of it')
}

/** What is open, to be closed in the opposite order: the lock on the folder last. */
class Opened {
  private readonly parts: { close(): Promise<void> }[] = []

  async add<Part extends { close(): Promise<void> }>(opening: Promise<Part>): Promise<Part> {
    const part = await opening
    this.parts.push(part)
    return part
  }

  async close(): Promise<void> {
    const failures: unknown[] = []
    for (const part of this.parts.splice(0).reverse()) {
      await part.close().catch((error: unknown) => failures.push(error))
    }
    if (failures.length > 0) throw failures[0]
  }
}
