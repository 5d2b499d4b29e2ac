import type { Readable } from 'node:stream'

/**
 * Where the bytes of files are: an S3 bucket, or a folder behind the same contract. Clients move the bytes themselves,
 * by presigned addresses; what a file is, who may have it and which part has which hash is kept elsewhere
 * (`storage/files`). Objects are written once, in parts, and appear whole or not at all.
 *
 * Calls reject with ObjectStoreUnavailableError when the store does not answer: then anything may have happened.
 */
export interface ObjectStore {
  /** Begins an upload in parts. Several of one object may be under way; the last that completes is the object. */
  begin(object: ObjectName, layout: Layout): Promise<UploadId>

  /** An address that takes this part's bytes by PUT, without any other credentials. A part may be put again. */
  partUrl(upload: Upload, part: number, seconds: number): Promise<string>

  /** What is there of an upload, in the order of part numbers. @throws NoSuchUploadError */
  parts(upload: Upload): Promise<StoredPart[]>

  /**
   * Makes the parts into the object, durably. The caller has checked that all are there and of the right size.
   * Of an upload that was completed before, it does nothing; it may say NoSuchUploadError, and `stat` tells.
   * @throws NoSuchUploadError
   */
  complete(upload: Upload, parts: readonly StoredPart[]): Promise<void>

  /** Drops every upload of this object that is under way, and its parts. The object stays. */
  abort(object: ObjectName): Promise<void>

  /** An address that gives the bytes by GET, whole or in ranges (`Range: bytes=…`), without any other credentials. */
  downloadUrl(object: ObjectName, options: DownloadOptions): Promise<string>

  /** @returns undefined when there is no such object. */
  stat(object: ObjectName): Promise<ObjectStat | undefined>

  /** Hashes of the stored bytes, read as a stream off the main thread; undefined when there is no such object. */
  digest(object: ObjectName, partBytes: number): Promise<ObjectDigest | undefined>

  /** Removes the object; one that is not there is no error. */
  remove(object: ObjectName): Promise<void>

  /** The bytes, to copy them to another store. */
  read(object: ObjectName): Promise<Readable>

  /** Writes a whole object of `bytes` bytes, to copy it from another store. */
  write(object: ObjectName, bytes: number, source: Readable): Promise<void>

  /** Resolves when the store can take and give bytes. */
  health(): Promise<void>

  close(): Promise<void>
}

/** Two names of letters, digits, hyphens and underscores, 1 to 64 each, with a slash between them. */
export type ObjectName = string & { readonly kind: 'object' }
export type UploadId = string & { readonly kind: 'upload' }

export interface Upload {
  readonly object: ObjectName
  readonly id: UploadId
  readonly layout: Layout
}

/** How an object is cut: parts of `partBytes`, the last one what is left. */
export interface Layout {
  readonly bytes: number
  readonly partBytes: number
}

export interface StoredPart {
  /** 1, 2, 3 … */
  readonly part: number
  readonly bytes: number
  /** What the store calls this content of the part. */
  readonly etag: string
}

export interface ObjectStat {
  readonly bytes: number
}

export interface ObjectDigest {
  readonly bytes: number
  /** SHA-256 of the whole, in hexadecimal. */
  readonly sha256: string
  /** Of each part, in order. */
  readonly parts: readonly string[]
}

export interface DownloadOptions {
  readonly seconds: number
  /** What the answer says of itself. */
  readonly contentType: string
  readonly contentDisposition: string
}

export class NoSuchUploadError extends Error {
  constructor(upload: Upload) {
    super(`upload ${upload.id} of ${upload.object} is not under way`)
    this.name = 'NoSuchUploadError'
  }
}

export class ObjectStoreUnavailableError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'ObjectStoreUnavailableError'
  }
}

const OBJECT_NAME = /^[A-Za-z0-9_-]{1,64}\/[A-Za-z0-9_-]{1,64}$/

/** @throws RangeError */
export function objectName(name: string): ObjectName {
  if (!OBJECT_NAME.test(name)) throw new RangeError(`${JSON.stringify(name)} is no name of an object`)
  return name as ObjectName
}

export function partCount({ bytes, partBytes }: Layout): number {
  return Math.max(1, Math.ceil(bytes / partBytes))
}

/** How many bytes a part has. @throws RangeError when there is no such part. */
export function bytesOfPart(layout: Layout, part: number): number {
  const count = partCount(layout)
  if (!Number.isInteger(part) || part < 1 || part > count) throw new RangeError(`part ${part}: there are ${count}`)
  return part < count ? layout.partBytes : layout.bytes - (count - 1) * layout.partBytes
}
