import * as fs from 'node:fs'
import type { FileSystem, OpenFile } from './port.js'

/**
 * The real file system. Callbacks of `node:fs` instead of its promises: the log's write path is the hottest call of
 * a shard-node and pays for each layer.
 */
export const nodeFileSystem: FileSystem = {
  openFile: (path, mode) =>
    new Promise((resolve, reject) => {
      fs.open(path, FLAGS[mode], 0o644, (error, descriptor) =>
        error ? reject(error) : resolve(new NodeFile(descriptor, mode === 'durable' && O_DSYNC === 0)),
      )
    }),

  async listFolder(path) {
    try {
      return await fs.promises.readdir(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  },

  async makeFolder(path) {
    await fs.promises.mkdir(path, { recursive: true })
  },

  async syncFolder(path) {
    // Windows cannot open a folder; its file systems journal names by themselves.
    if (process.platform === 'win32') return
    const folder = await fs.promises.open(path, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  },

  rename: (from, to) => fs.promises.rename(from, to),

  removeFile: (path) => fs.promises.rm(path, { force: true }),
}

// One system call that writes and syncs its own range: a thread hop and 40 µs of CPU less than write + fdatasync
// (docs/decisions/0010). Where the system does not know the flag, NodeFile syncs after each write.
const O_DSYNC = fs.constants.O_DSYNC ?? 0

const FLAGS = {
  read: fs.constants.O_RDONLY,
  create: fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_EXCL,
  durable: fs.constants.O_RDWR | O_DSYNC,
}

class NodeFile implements OpenFile {
  private readonly descriptor: number
  private readonly syncAfterWrite: boolean

  constructor(descriptor: number, syncAfterWrite: boolean) {
    this.descriptor = descriptor
    this.syncAfterWrite = syncAfterWrite
  }

  size(): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.fstat(this.descriptor, (error, stats) => (error ? reject(error) : resolve(stats.size)))
    })
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    let filled = 0
    while (filled < into.length) {
      const count = await this.readSome(into, filled, position + filled)
      if (count === 0) break
      filled += count
    }
    return filled
  }

  private readSome(into: Uint8Array, at: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.descriptor, into, at, into.length - at, position, (error, count) =>
        error ? reject(error) : resolve(count),
      )
    })
  }

  async write(buffers: readonly Uint8Array[], position: number): Promise<number> {
    const written = await new Promise<number>((resolve, reject) => {
      fs.writev(this.descriptor, buffers as Uint8Array[], position, (error, count) =>
        error ? reject(error) : resolve(count),
      )
    })
    if (this.syncAfterWrite) await this.sync()
    return written
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.descriptor, (error) => (error ? reject(error) : resolve()))
    })
  }

  truncate(size: number): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.ftruncate(this.descriptor, size, (error) => (error ? reject(error) : resolve()))
    })
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.close(this.descriptor, (error) => (error ? reject(error) : resolve()))
    })
  }
}
