import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import {
  bytesOfPart,
  type Layout,
  NoSuchUploadError,
  type ObjectName,
  partCount,
  type StoredPart,
  type Upload,
  type UploadId,
} from '../port.js'
import { PartWriter } from './part-writer.js'

const UPLOAD_ID = /^[0-9a-f]{32}$/

/** Another request is writing this part: the one that came later gives way. */
export class PartBusyError extends Error {}

/**
 * Objects as files. An upload is a folder: `data`, into which every part is written at its place, `upload.json`, and an
 * empty file in `parts/` for each part that is whole and synced. So completing copies nothing: `data` is renamed.
 */
export class ObjectFolder {
  private readonly objects: string
  private readonly uploads: string
  private readonly writing = new Set<string>()

  constructor(folder: string) {
    this.objects = join(folder, 'objects')
    this.uploads = join(folder, 'uploads')
  }

  async open(): Promise<void> {
    await mkdir(this.objects, { recursive: true })
    await mkdir(this.uploads, { recursive: true })
  }

  pathOf(object: ObjectName): string {
    return join(this.objects, object)
  }

  async begin(object: ObjectName, layout: Layout): Promise<UploadId> {
    const id = randomBytes(16).toString('hex') as UploadId
    const folder = join(this.uploads, id)
    await mkdir(join(folder, 'parts'), { recursive: true })
    for (const [name, content] of [
      ['data', ''],
      ['upload.json', JSON.stringify({ object, ...layout })],
    ] as const) {
      await using(await open(join(folder, name), 'wx'), async (file) => {
        await file.writeFile(content)
        await file.sync()
      })
    }
    await syncFolder(folder)
    await syncFolder(this.uploads)
    return id
  }

  /** @throws NoSuchUploadError, PartBusyError, RangeError */
  async writer(upload: Upload, part: number): Promise<PartWriter> {
    const bytes = bytesOfPart(upload.layout, part)
    const folder = this.folderOf(upload)
    const key = `${upload.id} ${part}`
    if (this.writing.has(key)) throw new PartBusyError(`part ${part} is being written by another request`)
    this.writing.add(key)
    try {
      const marker = join(folder, 'parts', String(part))
      const file = await open(join(folder, 'data'), 'r+').catch(missing(upload))
      // A part that is put again does not count until it is whole again.
      await unlink(marker).then(
        () => syncFolder(dirname(marker)),
        (error) => ignoreMissing(error),
      )
      return new PartWriter(file, (part - 1) * upload.layout.partBytes, bytes, async (whole) => {
        this.writing.delete(key)
        if (!whole) return
        await using(await open(marker, 'w').catch(missing(upload)), (made) => made.sync())
        await syncFolder(dirname(marker))
      })
    } catch (error) {
      this.writing.delete(key)
      throw error
    }
  }

  async parts(upload: Upload): Promise<StoredPart[]> {
    const names = await readdir(join(this.folderOf(upload), 'parts')).catch(missing(upload))
    return names
      .map(Number)
      .sort((a, b) => a - b)
      .map((part) => ({ part, bytes: bytesOfPart(upload.layout, part), etag: String(part) }))
  }

  async complete(upload: Upload): Promise<void> {
    const folder = this.folderOf(upload)
    const there = await this.parts(upload)
    const count = partCount(upload.layout)
    if (there.length !== count) throw new RangeError(`${there.length} of ${count} parts are there`)
    const path = this.pathOf(upload.object)
    await mkdir(dirname(path), { recursive: true })
    await syncFolder(this.objects)
    await using(await open(join(folder, 'data'), 'r+').catch(missing(upload)), (file) => file.sync())
    await rename(join(folder, 'data'), path).catch(missing(upload))
    await syncFolder(dirname(path))
    await rm(folder, { recursive: true, force: true })
  }

  async abort(object: ObjectName): Promise<void> {
    for (const id of await readdir(this.uploads)) {
      const folder = join(this.uploads, id)
      const about = await readFile(join(folder, 'upload.json'), 'utf8').catch(ignoreMissing)
      if (about !== undefined && JSON.parse(about || '{}').object === object) {
        await rm(folder, { recursive: true, force: true })
      }
    }
  }

  async bytes(object: ObjectName): Promise<number | undefined> {
    return (await stat(this.pathOf(object)).catch(ignoreMissing))?.size
  }

  /** Undefined when there is none. */
  async file(object: ObjectName): Promise<FileHandle | undefined> {
    return open(this.pathOf(object), 'r').catch(ignoreMissing)
  }

  async remove(object: ObjectName): Promise<void> {
    await unlink(this.pathOf(object)).catch(ignoreMissing)
  }

  async write(object: ObjectName, bytes: number, source: Readable): Promise<void> {
    const layout = { bytes, partBytes: Math.max(1, bytes) }
    const upload = { object, id: await this.begin(object, layout), layout }
    const writer = await this.writer(upload, 1)
    try {
      for await (const chunk of source) await writer.write(chunk as Uint8Array)
      await writer.finish()
      await this.complete(upload)
    } catch (error) {
      await writer.abandon()
      await rm(this.folderOf(upload), { recursive: true, force: true })
      throw error
    }
  }

  private folderOf(upload: Upload): string {
    if (!UPLOAD_ID.test(upload.id)) throw new NoSuchUploadError(upload)
    return join(this.uploads, upload.id)
  }
}

async function syncFolder(folder: string): Promise<void> {
  await using(await open(folder, 'r'), (handle) => handle.sync())
}

async function using(file: FileHandle, act: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await act(file)
  } finally {
    await file.close()
  }
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR'
}

function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error
}

function missing(upload: Upload): (error: unknown) => never {
  return (error) => {
    throw isMissing(error) ? new NoSuchUploadError(upload) : error
  }
}
