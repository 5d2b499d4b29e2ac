/**
 * The few calls that the embedded adapters make to the file system. They stand behind this interface so that tests can
 * let a disk be full, a sync fail, a write come short, or the power go at any byte.
 */
export interface FileSystem {
  /**
   * `read`: an existing file. `create`: a new file, for writing; rejects when it exists. `durable`: an existing file
   * whose writes resolve only when they are on stable storage.
   */
  openFile(path: string, mode: 'read' | 'create' | 'durable'): Promise<OpenFile>
  /** Names in a folder; undefined when there is no such folder. */
  listFolder(path: string): Promise<string[] | undefined>
  /** Creates a folder and those above it. Its name is durable after `syncFolder` of the folder that it lies in. */
  makeFolder(path: string): Promise<void>
  /** Makes the names in a folder (created, renamed, removed) durable. */
  syncFolder(path: string): Promise<void>
  /** Puts a file in the place of another, or of none, in one step. */
  rename(from: string, to: string): Promise<void>
  /** Removes a file; one that is not there is no error. */
  removeFile(path: string): Promise<void>
}

export interface OpenFile {
  size(): Promise<number>
  /** Fills `into` from `position` on; resolves with the bytes read, fewer only at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>
  /**
   * Writes the buffers one behind the other. Resolves with the bytes written, which may be fewer than asked for:
   * the caller goes on from there. They are durable when the file was opened so, else after `sync`.
   */
  write(buffers: readonly Uint8Array[], position: number): Promise<number>
  sync(): Promise<void>
  truncate(size: number): Promise<void>
  close(): Promise<void>
}

/** Writes all of the buffers, going on after short writes. */
export async function writeWhole(file: OpenFile, buffers: readonly Uint8Array[], position: number): Promise<void> {
  let rest = buffers
  let at = position
  for (;;) {
    let bytes = 0
    for (const buffer of rest) bytes += buffer.length
    const written = await file.write(rest, at)
    if (written >= bytes) return
    if (written <= 0) throw new Error(`the file system wrote nothing at byte ${at}`)
    at += written
    rest = without(rest, written)
  }
}

function without(buffers: readonly Uint8Array[], bytes: number): Uint8Array[] {
  const rest: Uint8Array[] = []
  let skip = bytes
  for (const buffer of buffers) {
    if (skip >= buffer.length) skip -= buffer.length
    else {
      rest.push(skip === 0 ? buffer : buffer.subarray(skip))
      skip = 0
    }
  }
  return rest
}
