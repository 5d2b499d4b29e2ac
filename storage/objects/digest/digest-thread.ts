import { Worker } from 'node:worker_threads'
import { type ObjectDigest, ObjectStoreUnavailableError } from '../port.js'

export type DigestSource = { readonly path: string } | { readonly url: string }
export interface DigestRequest {
  readonly id: number
  readonly source: DigestSource
  readonly partBytes: number
}
export type DigestAnswer =
  | { readonly id: number; readonly digest: ObjectDigest }
  | { readonly id: number; readonly fault: string }

interface Waiting {
  readonly request: DigestRequest
  readonly resolve: (digest: ObjectDigest) => void
  readonly reject: (error: Error) => void
}

/**
 * Hashes stored objects in one thread, one after the other: so checking uploads takes at most one core, and reads the
 * store at most once at a time, however many complete at once. The thread starts with the first and keeps nobody alive.
 */
export class DigestThread {
  private worker: Worker | undefined
  private readonly waiting: Waiting[] = []
  private lastId = 0
  private closed = false

  digest(source: DigestSource, partBytes: number): Promise<ObjectDigest> {
    if (this.closed) return Promise.reject(new ObjectStoreUnavailableError('the object store is closed'))
    return new Promise((resolve, reject) => {
      this.waiting.push({ request: { id: ++this.lastId, source, partBytes }, resolve, reject })
      if (this.waiting.length === 1) this.next()
    })
  }

  async close(): Promise<void> {
    this.closed = true
    this.fail(new ObjectStoreUnavailableError('the object store was closed'))
    await this.worker?.terminate()
    this.worker = undefined
  }

  private next(): void {
    const first = this.waiting[0]
    if (first === undefined) return this.worker?.unref()
    this.worker ??= this.start()
    this.worker.ref()
    this.worker.postMessage(first.request)
  }

  private start(): Worker {
    const worker = new Worker(new URL('./digest-worker.js', import.meta.url))
    worker.on('message', (answer: DigestAnswer) => this.answered(answer))
    worker.on('error', (error) => {
      this.worker = undefined
      this.fail(new ObjectStoreUnavailableError('the thread that hashes ended', error))
    })
    return worker
  }

  private answered(answer: DigestAnswer): void {
    const { resolve, reject } = this.waiting.shift()!
    if ('digest' in answer) resolve(answer.digest)
    else reject(new ObjectStoreUnavailableError(`the object cannot be read: ${answer.fault}`))
    this.next()
  }

  private fail(error: Error): void {
    for (const { reject } of this.waiting.splice(0)) reject(error)
  }
}
