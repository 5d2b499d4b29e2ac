import { join } from 'node:path'
import type { NodeId } from '@chat4all/protocol'
import { openDataFolder } from './data-folder.js'
import { openDirectoryFile } from './directory/file.js'
import type { DirectoryStore } from './directory/port.js'
import { openClassicLevelView } from './message-view/classic-level.js'
import type { MessageView } from './message-view/port.js'
import type { LogFailedError, NodeLogs } from './node-log/port.js'
import { openSegmentFiles, type TornTail } from './node-log/segment-files.js'
import { inProcessPresence } from './presence/in-process.js'
import type { Presence } from './presence/port.js'
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
  /** Shared by the shard-nodes and edges of the process. */
  readonly slots: SlotTable
  readonly directory: DirectoryStore
  readonly presence: Presence
  /** What belongs to one shard-node alone. Call once per node. */
  openNode(node: NodeId): Promise<NodeStorage>
  close(): Promise<void>
}

export interface NodeStorage {
  readonly logs: NodeLogs
  readonly view: MessageView
}

/**
 * Opens everything that a process keeps in its data folder:
 * `slots.json`, `apps.json`, and for each shard-node `nodes/<node>/logs` and `nodes/<node>/view`.
 * @throws DataFolderInUseError, CorruptLogError
 */
export async function openEmbeddedStorage(options: EmbeddedStorageOptions): Promise<EmbeddedStorage> {
  const { folder, onTornTail, onLogFailed } = options
  const lock = await openDataFolder(folder)
  const slots = await openSlotFile({ path: join(folder, 'slots.json') })
  const directory = await openDirectoryFile({ path: join(folder, 'apps.json') })
  const presence = inProcessPresence()
  const nodes: NodeStorage[] = []
  return {
    slots,
    directory,
    presence,
    async openNode(node) {
      const own = join(folder, 'nodes', node)
      const logs = await openSegmentFiles({
        folder: join(own, 'logs'),
        ...(onTornTail !== undefined && { onTornTail }),
        ...(onLogFailed !== undefined && { onLogFailed }),
      })
      const view = await openClassicLevelView({ folder: join(own, 'view') })
      const storage = { logs, view }
      nodes.push(storage)
      return storage
    },
    async close() {
      for (const { logs, view } of nodes) {
        await logs.close()
        await view.close()
      }
      await presence.close()
      await directory.close()
      await slots.close()
      await lock.close()
    },
  }
}
