import { basename, dirname } from 'node:path'
import type { FileSystem, OpenFile } from './port.js'

/**
 * A file system in memory that can lose power. What was synced survives; of every write that was not, each 512-byte
 * sector survives or not, as `chance` decides; of the names changed since the folder was synced, the first few do.
 * Faults are named by the test: {@link SimulatedFileSystem.fault} sees every call before it happens.
 */
export class SimulatedFileSystem implements FileSystem {
  /** Return an error to make the call fail, a number to let a write come short after so many bytes. */
  fault: (call: FileCall) => Error | number | undefined = () => undefined
  private readonly folders = new Map<string, SimulatedFolder>()
  private off = false

  constructor() {
    this.folders.set('/', new SimulatedFolder())
  }

  /**
   * Cuts the power: calls fail from now on. Returns the disk as the next start finds it.
   * @param chance gives numbers in [0, 1): always 0 means that nothing unsynced survives, always 0.99 that all of it does
   */
  crash(chance: () => number): SimulatedFileSystem {
    this.off = true
    const after = new SimulatedFileSystem()
    const survivors = new Map<SimulatedContent, SimulatedContent>()
    for (const [path, folder] of this.folders) {
      after.folders.set(
        path,
        folder.afterCrash(chance, (content) => {
          let survivor = survivors.get(content)
          if (survivor === undefined) {
            survivor = content.afterCrash(chance)
            survivors.set(content, survivor)
          }
          return survivor
        }),
      )
    }
    return after
  }

  /** Changes a byte on the disk, as rot does. */
  damage(path: string, position: number): void {
    const content = this.folder(path).names.get(basename(path))
    if (content === undefined) throw missing(path)
    content.flip(position)
  }

  async openFile(path: string, mode: 'read' | 'create' | 'durable'): Promise<OpenFile> {
    this.check({ kind: 'open', path, mode })
    const folder = this.folder(path)
    let content = folder.names.get(basename(path))
    if (mode === 'create') {
      if (content !== undefined) throw failure('EEXIST', path)
      content = new SimulatedContent()
      folder.put(basename(path), content)
    }
    if (content === undefined) throw missing(path)
    return new SimulatedFile(this, path, content, mode === 'durable')
  }

  async listFolder(path: string): Promise<string[] | undefined> {
    this.check({ kind: 'list', path })
    const folder = this.folders.get(path)
    if (folder === undefined) return undefined
    const below = [...this.folders.keys()].filter((other) => other !== '/' && dirname(other) === path)
    return [...folder.names.keys(), ...below.map((other) => basename(other))]
  }

  async makeFolder(path: string): Promise<void> {
    this.check({ kind: 'make-folder', path })
    for (let at = path; !this.folders.has(at); at = dirname(at)) this.folders.set(at, new SimulatedFolder())
  }

  async syncFolder(path: string): Promise<void> {
    this.check({ kind: 'sync-folder', path })
    this.folders.get(path)?.sync()
  }

  async rename(from: string, to: string): Promise<void> {
    this.check({ kind: 'rename', path: to })
    const content = this.folder(from).names.get(basename(from))
    if (content === undefined) throw missing(from)
    if (dirname(from) !== dirname(to)) throw new Error('the simulated file system renames within a folder only')
    this.folder(from).rename(basename(from), basename(to), content)
  }

  async removeFile(path: string): Promise<void> {
    this.check({ kind: 'remove', path })
    const folder = this.folders.get(dirname(path))
    if (folder?.names.has(basename(path))) folder.put(basename(path), undefined)
  }

  /** For files: throws the fault that the test wants here, or returns how many bytes a write may have. */
  check(call: FileCall): number | undefined {
    if (this.off) throw failure('EIO', call.path)
    const fault = this.fault(call)
    // The fault may have been to cut the power.
    if (this.off) throw failure('EIO', call.path)
    if (fault instanceof Error) throw fault
    return fault
  }

  private folder(path: string): SimulatedFolder {
    const folder = this.folders.get(dirname(path))
    if (folder === undefined) throw missing(path)
    return folder
  }
}

/** One call to the simulated file system. */
export interface FileCall {
  readonly kind:
    | 'open'
    | 'list'
    | 'make-folder'
    | 'sync-folder'
    | 'rename'
    | 'remove'
    | 'read'
    | 'write'
    | 'sync'
    | 'truncate'
  readonly path: string
  readonly mode?: string
  /** Of a write: its bytes, and whether it is durable when it resolves. */
  readonly bytes?: number
  readonly durable?: boolean
}

/** An error as `node:fs` throws it. */
export function failure(code: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: simulated, '${path}'`), { code, path })
}

const missing = (path: string): NodeJS.ErrnoException => failure('ENOENT', path)

const SECTOR_BYTES = 512

class SimulatedFolder {
  /** What the running program sees. */
  names = new Map<string, SimulatedContent>()
  private durable = new Map<string, SimulatedContent>()
  private readonly changes: ((names: Map<string, SimulatedContent>) => void)[] = []

  put(name: string, content: SimulatedContent | undefined): void {
    this.change((names) => (content === undefined ? names.delete(name) : names.set(name, content)))
  }

  rename(from: string, to: string, content: SimulatedContent): void {
    this.change((names) => {
      names.delete(from)
      names.set(to, content)
    })
  }

  private change(change: (names: Map<string, SimulatedContent>) => void): void {
    change(this.names)
    this.changes.push(change)
  }

  sync(): void {
    this.durable = new Map(this.names)
    this.changes.length = 0
  }

  afterCrash(chance: () => number, survivor: (content: SimulatedContent) => SimulatedContent): SimulatedFolder {
    const names = new Map(this.durable)
    const kept = Math.floor(chance() * (this.changes.length + 1))
    for (const change of this.changes.slice(0, kept)) change(names)
    const after = new SimulatedFolder()
    for (const [name, content] of names) after.names.set(name, survivor(content))
    after.sync()
    return after
  }
}

interface UnsyncedWrite {
  readonly position: number
  readonly data: Buffer
}

class SimulatedContent {
  bytes = Buffer.alloc(0)
  private durable = Buffer.alloc(0)
  private unsynced: UnsyncedWrite[] = []

  /** From now on any part of the write may be found after a crash, also when it fails. */
  begin(position: number, data: Buffer): UnsyncedWrite {
    const write = { position, data }
    this.unsynced.push(write)
    return write
  }

  /** The write succeeded, for its first `length` bytes. */
  finish(write: UnsyncedWrite, length: number, durable: boolean): void {
    const data = write.data.subarray(0, length)
    this.bytes = overlay(this.bytes, data, write.position)
    if (!durable) return
    this.durable = overlay(this.durable, data, write.position)
    this.unsynced = this.unsynced.filter((other) => other !== write)
  }

  sync(): void {
    this.durable = Buffer.from(this.bytes)
    this.unsynced = []
  }

  truncate(size: number): void {
    this.bytes = this.bytes.subarray(0, size)
    // As if it were durable at once: what a crash could undo here is only that the same tail is cut off again.
    this.durable = this.durable.subarray(0, size)
    this.unsynced = []
  }

  flip(position: number): void {
    for (const bytes of [this.bytes, this.durable]) if (position < bytes.length) bytes[position]! ^= 0x5a
  }

  afterCrash(chance: () => number): SimulatedContent {
    let bytes = Buffer.from(this.durable)
    for (const { position, data } of this.unsynced) {
      let at = 0
      while (at < data.length) {
        const end = Math.min(data.length, at + SECTOR_BYTES - ((position + at) % SECTOR_BYTES))
        if (chance() >= 0.5) bytes = overlay(bytes, data.subarray(at, end), position + at)
        at = end
      }
    }
    const after = new SimulatedContent()
    after.bytes = bytes
    after.sync()
    return after
  }
}

function overlay(bytes: Buffer, data: Buffer, position: number): Buffer<ArrayBuffer> {
  const end = position + data.length
  const result = end > bytes.length ? Buffer.concat([bytes, Buffer.alloc(end - bytes.length)]) : bytes
  data.copy(result, position)
  return result as Buffer<ArrayBuffer>
}

class SimulatedFile implements OpenFile {
  private readonly system: SimulatedFileSystem
  private readonly path: string
  private readonly content: SimulatedContent
  private readonly durable: boolean

  constructor(system: SimulatedFileSystem, path: string, content: SimulatedContent, durable: boolean) {
    this.system = system
    this.path = path
    this.content = content
    this.durable = durable
  }

  async size(): Promise<number> {
    return this.content.bytes.length
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    this.system.check({ kind: 'read', path: this.path })
    return this.content.bytes.copy(into, 0, position, position + into.length)
  }

  async write(buffers: readonly Uint8Array[], position: number): Promise<number> {
    const data = Buffer.concat(buffers)
    const write = this.content.begin(position, data)
    const short = this.system.check({ kind: 'write', path: this.path, bytes: data.length, durable: this.durable })
    const written = Math.min(data.length, short ?? data.length)
    this.content.finish(write, written, this.durable)
    return written
  }

  async sync(): Promise<void> {
    this.system.check({ kind: 'sync', path: this.path })
    this.content.sync()
  }

  async truncate(size: number): Promise<void> {
    this.system.check({ kind: 'truncate', path: this.path })
    this.content.truncate(size)
  }

  async close(): Promise<void> {}
}
