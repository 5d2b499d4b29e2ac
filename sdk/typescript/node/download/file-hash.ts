import { Worker } from 'node:worker_threads'

export type HashRequest =
  | {
      readonly type: 'add'
      readonly id: number
      readonly path: string
      /** Bytes from `start` up to `end`. */
      readonly start: number
      readonly end: number
    }
  | { readonly type: 'digest' | 'discard'; readonly id: number }

export type HashAnswer =
  | { readonly id: number; readonly digest: string }
  | { readonly id: number; readonly fault: string }

interface Waiting {
  readonly resolve: (digest: string) => void
  readonly reject: (error: Error) => void
}

/** One for the process, however many files come at once; it starts with the first and keeps nobody alive. */
class HashThread {
  private worker: Worker | undefined
  private readonly waiting = new Map<number, Waiting>()
  private lastId = 0

  newId(): number {
    return ++this.lastId
  }

  post(request: HashRequest): void {
    this.worker ??= this.start()
    this.worker.postMessage(request)
  }

  digest(id: number): Promise<string> {
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject })
      this.post({ type: 'digest', id })
      this.worker?.ref()
    })
  }

  private start(): Worker {
    const worker = new Worker(new URL('./hash-worker.js', import.meta.url))
    worker.unref()
    worker.on('message', (answer: HashAnswer) => {
      const { resolve, reject } = this.waiting.get(answer.id)!
      this.waiting.delete(answer.id)
      if (this.waiting.size === 0) worker.unref()
      if ('digest' in answer) resolve(answer.digest)
      else reject(new Error(`what came cannot be read again: ${answer.fault}`))
    })
    worker.on('error', (error) => {
      this.worker = undefined
      for (const { reject } of this.waiting.values()) reject(error)
      this.waiting.clear()
    })
    return worker
  }
}

const thread = new HashThread()

/** SHA-256 of pieces of a file on disk, one behind the other, computed in another thread while others are written. */
export class FileHash {
  private readonly id = thread.newId()
  private readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** Bytes from `start` up to `end`, which have been written. */
  add(start: number, end: number): void {
    thread.post({ type: 'add', id: this.id, path: this.path, start, end })
  }

  /** Of all pieces, in lower-case hexadecimal; ends this hash. @throws Error when the file could not be read. */
  digest(): Promise<string> {
    return thread.digest(this.id)
  }

  /** Ends this hash without an outcome. */
  discard(): void {
    thread.post({ type: 'discard', id: this.id })
  }
}
