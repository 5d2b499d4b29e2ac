import { Chat4AllError } from '@chat4all/protocol'
import type { FileAnswer, InitiatedAnswer } from '@chat4all/protocol/rest'
import { type FilesApi, pause } from './files-api.js'
import type { NewHasher } from './hasher.js'
import type { PartTransport } from './part-transport.js'
import type { FileSource } from './source.js'

/** What has to be remembered to go on with an upload after the program ended. */
export interface UploadState {
  readonly fileId: string
  readonly size: number
  readonly fingerprint: string
}

export interface UploadProgress {
  readonly phase: 'hashing' | 'sending' | 'verifying' | 'done' | 'paused'
  /** Bytes that the store has, those of earlier attempts too. */
  readonly storedBytes: number
  /** Bytes that this attempt sent. */
  readonly sentBytes: number
  readonly totalBytes: number
}

export interface UploadOptions {
  /** Goes on with this upload if it is one of the same bytes, and still there. */
  readonly resume?: UploadState | undefined
  /** Told what to remember, when the upload has begun; undefined: it is over, there is nothing to go on with. */
  readonly onState?: (state: UploadState | undefined) => void | Promise<void>
  readonly onProgress?: (progress: UploadProgress) => void
  /** Parts that are sent at once; 4 unless given. */
  readonly parallel?: number
}

export interface UploadTools {
  readonly api: FilesApi
  readonly transport: PartTransport
  readonly newHasher: NewHasher
}

/** A file that is ready to be posted. */
export interface UploadedFile {
  readonly file_id: string
  readonly name: string
  readonly size: number
  readonly mime: string
  readonly checksum: string
  /** The server had these bytes of this user: none were sent. */
  readonly reused: boolean
}

const PARALLEL = 4
const PART_ATTEMPTS_MAX = 15
const PART_WAIT_MS = 300
const PART_WAIT_MS_MAX = 10_000
const URLS_AHEAD = 32
const VERDICT_WAIT_MS = 500

/** Parts that the store has, and the MD5 of those of which it tells it. */
type There = ReadonlyMap<number, string | undefined>

class Paused extends Error {}

/**
 * One upload: reads the file once from front to back, hashes it on the way, and sends the parts that the store does not
 * have, several at once. No more of the file is in memory than is on its way.
 */
export class Upload {
  /** Resolves when the server has verified the file. */
  readonly result: Promise<UploadedFile>
  private readonly source: FileSource
  private readonly options: UploadOptions
  private readonly tools: UploadTools
  private readonly ended = new AbortController()
  private going = new AbortController()
  private resumed: Promise<void> = Promise.resolve()
  private goOn: (() => void) | undefined
  private phase: UploadProgress['phase'] = 'sending'
  private readonly onTheWay = new Map<number, number>()
  private storedBytes = 0
  private sentBytes = 0
  private readonly spare: Uint8Array<ArrayBuffer>[] = []
  private readonly urls = new Map<number, string>()

  constructor(source: FileSource, options: UploadOptions, tools: UploadTools) {
    this.source = source
    this.options = options
    this.tools = tools
    this.result = this.run().finally(() => source.close?.())
    // Who only listens to progress must not crash for it.
    this.result.catch(() => {})
  }

  get isPaused(): boolean {
    return this.goOn !== undefined
  }

  /** Sends nothing until `resume`; parts that are on their way are sent again then. */
  pause(): void {
    if (this.isPaused || this.ended.signal.aborted) return
    this.resumed = new Promise((resolve) => {
      this.goOn = resolve
    })
    this.going.abort(new Paused())
    this.tell()
  }

  resume(): void {
    if (this.goOn === undefined) return
    this.going = new AbortController()
    this.goOn()
    this.goOn = undefined
    this.tell()
  }

  /** Ends it. What is there stays for a while, to go on with later; `discard` removes it. */
  async abort({ discard = false }: { readonly discard?: boolean } = {}): Promise<void> {
    this.ended.abort(new Chat4AllError('INVALID', 'The upload was ended.'))
    this.going.abort(new Paused())
    this.resume()
    await this.result.catch(() => {})
    if (discard && this.fileId !== undefined) {
      await this.tools.api.remove(this.fileId)
      await this.options.onState?.(undefined)
    }
  }

  private fileId: string | undefined

  private async run(): Promise<UploadedFile> {
    const { source, options } = this
    const begun = (await this.resumable()) ?? (await this.begin())
    this.fileId = begun.file_id
    if (begun.state === 'uploading') {
      await options.onState?.({ fileId: begun.file_id, size: source.size, fingerprint: source.fingerprint })
      const { checksum, parts } = await this.send(begun.part_size, begun.part_count, begun.there)
      await this.tools.api.complete(begun.file_id, checksum, parts, this.ended.signal)
      this.enter('verifying')
    }
    const file = await this.verdict(begun.file_id)
    await options.onState?.(undefined)
    if (file.state === 'failed') throw new Chat4AllError('INVALID', `The upload failed: ${file.reason ?? 'unknown'}`)
    this.storedBytes = source.size
    this.enter('done')
    const { file_id, name, size, mime, checksum } = file
    return { file_id, name, size, mime, checksum: checksum!, reused: begun.reused }
  }

  private async resumable(): Promise<Begun | undefined> {
    const { resume } = this.options
    const { size, fingerprint } = this.source
    if (resume === undefined || resume.size !== size || resume.fingerprint !== fingerprint) return undefined
    try {
      const found = await this.tools.api.parts(resume.fileId, this.ended.signal)
      if (found.state === 'failed') return undefined
      const there = new Map(found.parts.map(({ part_number, md5 }) => [part_number, md5]))
      this.storedBytes = found.parts.reduce((sum, part) => sum + part.size, 0)
      return { ...found, there, reused: false }
    } catch (error) {
      // Expired, or removed.
      if (error instanceof Chat4AllError && error.code === 'NOT_FOUND') return undefined
      throw error
    }
  }

  private async begin(): Promise<Begun> {
    const { api } = this.tools
    const { name, size, mime } = this.source
    const asked = { name, size, mime }
    const first = await api.initiate(asked, this.ended.signal)
    this.fileId = first.file_id
    if (!first.same_size) return this.begun(first)
    // The user has a file of this size: it may be this one, and then nothing has to be sent.
    const checksum = await this.hashAll(first.part_size)
    const second = await api.initiate({ ...asked, checksum }, this.ended.signal)
    await api.remove(first.file_id)
    return this.begun(second)
  }

  private begun(answer: InitiatedAnswer): Begun {
    for (const { part_number, url } of answer.parts) this.urls.set(part_number, url)
    return { ...answer, there: new Map(), reused: answer.state !== 'uploading' }
  }

  private async hashAll(stepBytes: number): Promise<string> {
    this.enter('hashing')
    const hasher = this.tools.newHasher('sha256')
    const { source } = this
    for (let at = 0; at < source.size; at += stepBytes) {
      await this.mayGoOn()
      const into = this.takeBuffer(stepBytes)
      hasher.update(await source.read(at, Math.min(at + stepBytes, source.size), into))
      this.spare.push(into)
    }
    return hasher.digest()
  }

  private async send(
    partBytes: number,
    partCount: number,
    there: There,
  ): Promise<{ checksum: string; parts: string[] }> {
    this.enter('sending')
    const { source, tools } = this
    const parallel = this.options.parallel ?? PARALLEL
    const whole = tools.newHasher('sha256')
    const parts: string[] = []
    const sending = new Set<Promise<void>>()
    let failure: { readonly error: unknown } | undefined
    for (let part = 1; part <= partCount && failure === undefined; part++) {
      await this.mayGoOn()
      while (sending.size >= parallel) await Promise.race(sending)
      const start = (part - 1) * partBytes
      const buffer = this.takeBuffer(partBytes)
      const bytes = await source.read(start, Math.min(start + partBytes, source.size), buffer)
      const isThere = there.has(part) && this.isSame(bytes, there.get(part))
      if (there.has(part) && !isThere) this.storedBytes -= bytes.length
      // Under way before it is hashed: the network and the processor work at the same time.
      const sent = isThere
        ? undefined
        : this.sendPart(part, partCount, there, bytes).catch((error: unknown) => {
            failure ??= { error }
          })
      whole.update(bytes)
      const one = tools.newHasher('sha256')
      one.update(bytes)
      parts.push(one.digest())
      if (sent === undefined) {
        this.spare.push(buffer)
        continue
      }
      const done = sent.then(() => {
        sending.delete(done)
        this.spare.push(buffer)
      })
      sending.add(done)
    }
    await Promise.all(sending)
    if (failure !== undefined) throw failure.error
    return { checksum: whole.digest(), parts }
  }

  /** A part that was cut off is, in some stores, there as if it were whole. */
  private isSame(bytes: Uint8Array, md5: string | undefined): boolean {
    if (md5 === undefined) return true
    const hasher = this.tools.newHasher('md5')
    hasher.update(bytes)
    return hasher.digest() === md5
  }

  private async sendPart(part: number, partCount: number, there: There, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      await this.mayGoOn()
      let fault: string
      try {
        const url = await this.urlOf(part, partCount, there)
        const status = await this.tools.transport(url, bytes, {
          signal: this.going.signal,
          onSent: (sent) => {
            this.onTheWay.set(part, sent)
            this.tell()
          },
        })
        if (status >= 200 && status < 300) {
          this.onTheWay.delete(part)
          this.storedBytes += bytes.length
          this.sentBytes += bytes.length
          return this.tell()
        }
        // Its address has ended, or is one of a store that is away: a new one may be better.
        this.urls.delete(part)
        fault = `the store answered ${status}`
      } catch (error) {
        if (error instanceof Chat4AllError) throw error
        this.urls.delete(part)
        fault = (error as Error).message
      }
      this.onTheWay.delete(part)
      this.tell()
      if (this.ended.signal.aborted) throw this.ended.signal.reason
      if (this.going.signal.aborted) {
        attempt = 0
        continue
      }
      if (attempt === PART_ATTEMPTS_MAX)
        throw new Chat4AllError('UNAVAILABLE', `Part ${part} cannot be stored: ${fault}`)
      await pause(Math.min(PART_WAIT_MS * 2 ** (attempt - 1), PART_WAIT_MS_MAX), this.ended.signal)
    }
  }

  private asking: Promise<void> | undefined

  private async urlOf(part: number, partCount: number, there: There): Promise<string> {
    while (!this.urls.has(part)) {
      this.asking ??= this.askUrls(part, partCount, there).finally(() => {
        this.asking = undefined
      })
      await this.asking
    }
    return this.tools.api.resolve(this.urls.get(part)!)
  }

  private async askUrls(from: number, partCount: number, there: There): Promise<void> {
    const wanted: number[] = []
    for (let part = from; part <= partCount && wanted.length < URLS_AHEAD; part++) {
      if (part === from || (!there.has(part) && !this.urls.has(part))) wanted.push(part)
    }
    const { parts } = await this.tools.api.partUrls(this.fileId!, wanted, this.ended.signal)
    for (const { part_number, url } of parts) this.urls.set(part_number, url)
  }

  private async verdict(fileId: string): Promise<FileAnswer> {
    for (;;) {
      const file = await this.tools.api.get(fileId, undefined, this.ended.signal)
      if (file.state !== 'verifying') return file
      await pause(VERDICT_WAIT_MS, this.ended.signal)
    }
  }

  private async mayGoOn(): Promise<void> {
    await this.resumed
    if (this.ended.signal.aborted) throw this.ended.signal.reason
  }

  /** Buffers are used again: the memory of an upload is what is on its way, not what the collector has not met yet. */
  private takeBuffer(bytes: number): Uint8Array<ArrayBuffer> {
    return this.spare.pop() ?? new Uint8Array(Math.min(bytes, this.source.size))
  }

  private enter(phase: UploadProgress['phase']): void {
    this.phase = phase
    this.tell()
  }

  private tell(): void {
    let onTheWay = 0
    for (const bytes of this.onTheWay.values()) onTheWay += bytes
    this.options.onProgress?.({
      phase: this.isPaused ? 'paused' : this.phase,
      storedBytes: Math.min(this.storedBytes + onTheWay, this.source.size),
      sentBytes: this.sentBytes + onTheWay,
      totalBytes: this.source.size,
    })
  }
}

interface Begun {
  readonly file_id: string
  readonly state: InitiatedAnswer['state']
  readonly part_size: number
  readonly part_count: number
  readonly there: There
  readonly reused: boolean
}
