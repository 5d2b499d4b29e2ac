import { Chat4AllError } from '@chat4all/protocol'
import type { Files } from '../../files/files.js'
import { pause } from '../../files/files-api.js'
import { Draft } from './draft.js'
import { UnsuitedAnswer } from './range-answer.js'
import { RangeConnection } from './range-connection.js'
import { receiveRange } from './receive-range.js'
import { type Store, StoreFault } from './store-fault.js'

export interface DownloadOptions {
  /** In which it was posted, if known. */
  readonly conversation?: string
  readonly onProgress?: (progress: { readonly storedBytes: number; readonly totalBytes: number }) => void
  /** Parts that come at once; 4 unless given. */
  readonly parallel?: number
  /** Ends it: what has come stays, to go on with. */
  readonly signal?: AbortSignal
}

export interface Downloaded {
  readonly size: number
  readonly checksum: string
  /** What came now; the rest had come before. */
  readonly receivedBytes: number
}

const PARALLEL = 4
/** In a row, without a byte: a store that went down is known to be down by then, and another one that has a copy asked. */
const ATTEMPTS_MAX = 10
const WAIT_MS = 300
const WAIT_MS_MAX = 10_000
/** The second fetches again what came wrong the first time. */
const ROUNDS_MAX = 2

/**
 * Downloads a file to `path`, several parts at once. What has come lies in `path.part` until it is whole and its SHA-256
 * is that of the file: a download that was cut off goes on with the parts that are not there.
 * @throws Chat4AllError; Error when the disk fails
 */
export async function downloadFile(
  files: Files,
  fileId: string,
  path: string,
  options: DownloadOptions = {},
): Promise<Downloaded> {
  const { size, checksum, state, part_size, parts } = await files.get(fileId, options.conversation)
  if (state !== 'ready' || checksum === undefined) throw new Chat4AllError('INVALID', `The file is ${state}.`)
  const draft = await Draft.open(`${path}.part`, { size, partBytes: part_size, parts })
  let receivedBytes = 0
  try {
    let isRight = false
    for (let round = 1; !isRight && round <= ROUNDS_MAX; round++) {
      const download = new Download(files, fileId, draft, size, options)
      isRight = (await download.complete(await draft.rightParts())) === checksum
      receivedBytes += download.receivedBytes
    }
    if (!isRight) {
      await draft.remove()
      const reason = 'What came has another SHA-256 than the file: it was removed, download it anew.'
      throw new Chat4AllError('INTERNAL', reason)
    }
  } finally {
    await draft.close()
  }
  await draft.finish(path)
  return { size, checksum, receivedBytes }
}

/** One pass: fetches what is not there, and hashes the whole behind it, in order. */
class Download {
  receivedBytes = 0
  private readonly files: Files
  private readonly fileId: string
  private readonly draft: Draft
  private readonly size: number
  private readonly options: DownloadOptions
  private readonly ended = new AbortController()
  private readonly there = new Set<number>()
  private thereBytes = 0
  private nextPart = 1
  private hashedParts = 0
  private url: Promise<string> | undefined

  constructor(files: Files, fileId: string, draft: Draft, size: number, options: DownloadOptions) {
    this.files = files
    this.fileId = fileId
    this.draft = draft
    this.size = size
    this.options = options
  }

  /** Resolves with the SHA-256 of all of it. */
  async complete(there: ReadonlySet<number>): Promise<string> {
    const { signal: given, parallel = PARALLEL } = this.options
    const signal = given ? AbortSignal.any([given, this.ended.signal]) : this.ended.signal
    const hash = this.draft.hash()
    const arrived = (part: number): void => {
      this.there.add(part)
      while (this.there.has(this.hashedParts + 1)) {
        const { start, end } = this.draft.rangeOf(++this.hashedParts)
        hash.add(start, end)
      }
    }
    for (const part of there) {
      const { start, end } = this.draft.rangeOf(part)
      this.thereBytes += end - start
      arrived(part)
    }
    this.tell()
    const lane = async (): Promise<void> => {
      const connection = new RangeConnection()
      try {
        for (let part = this.takePart(); part !== undefined; part = this.takePart()) {
          await this.fetchPart(part, connection, signal)
          arrived(part)
        }
      } finally {
        connection.close()
      }
    }
    let failure: { readonly error: unknown } | undefined
    const lanes = Array.from({ length: parallel }, () =>
      lane().catch((error: unknown) => {
        failure ??= { error }
        this.ended.abort(error)
      }),
    )
    // All of them: none may still write when the draft is closed.
    await Promise.all(lanes)
    if (failure === undefined) return hash.digest()
    hash.discard()
    throw failure.error
  }

  private takePart(): number | undefined {
    while (this.there.has(this.nextPart)) this.nextPart++
    return this.nextPart <= this.draft.partCount ? this.nextPart++ : undefined
  }

  private async fetchPart(part: number, connection: RangeConnection, signal: AbortSignal): Promise<void> {
    const { start, end } = this.draft.rangeOf(part)
    let at = start
    for (let attempt = 1; at < end; attempt++) {
      const url = this.addressOf()
      const before = at
      try {
        const store: Store = async (chunks, offset) => {
          await this.draft.write(chunks, offset)
          const bytes = chunks.reduce((sum, { length }) => sum + length, 0)
          at += bytes
          this.receivedBytes += bytes
          this.tell()
        }
        const range = { start: at, end }
        await connection.receive(await url, range, store, signal).catch(async (error: unknown) => {
          if (!(error instanceof UnsuitedAnswer)) throw error
          await receiveRange(await url, range, store, signal)
        })
      } catch (error) {
        if (!(error instanceof StoreFault)) throw error
        // The address has ended, or is one of a store that is away: a new one may be better.
        if (this.url === url) this.url = undefined
        if (at > before) attempt = 0
        else if (attempt >= ATTEMPTS_MAX) throw new Chat4AllError('UNAVAILABLE', error.message)
        await pause(Math.min(WAIT_MS * 2 ** attempt, WAIT_MS_MAX), signal)
      }
    }
  }

  private addressOf(): Promise<string> {
    this.url ??= this.files.downloadUrl(this.fileId, this.options).then(({ url }) => url)
    return this.url
  }

  private tell(): void {
    this.options.onProgress?.({ storedBytes: this.thereBytes + this.receivedBytes, totalBytes: this.size })
  }
}
