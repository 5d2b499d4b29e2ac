import type { HttpResponse } from 'uWebSockets.js'
import type { PartWriter, ReceivedPart } from '@chat4all/storage'

/** What may wait in memory for the disk; past it the socket is not read. */
const WAITING_BYTES_MAX = 1024 * 1024

/** How a part's upload ended: `gone` means that the client's connection did. */
export type Received = 'stored' | 'gone' | { readonly error: Error }

/** Takes the body of a PUT to the disk, no faster than that writes. Call it before the handler of uWebSockets returns. */
export function receivePart(res: HttpResponse, part: ReceivedPart): Promise<Received> {
  return new Promise((resolve) => new PartUpload(res, part, resolve).begin())
}

class PartUpload {
  private readonly res: HttpResponse
  private readonly part: ReceivedPart
  private readonly settle: (received: Received) => void
  private chunks: Uint8Array[] = []
  private waitingBytes = 0
  private isLast = false
  private paused = false
  private gone = false
  private writing = true
  private failure: Error | undefined
  private writer: PartWriter | undefined

  constructor(res: HttpResponse, part: ReceivedPart, settle: (received: Received) => void) {
    this.res = res
    this.part = part
    this.settle = settle
  }

  begin(): void {
    this.res.onAborted(() => {
      this.gone = true
      this.next()
    })
    this.res.onData((chunk, isLast) => {
      this.isLast = isLast
      if (this.failure === undefined && chunk.byteLength > 0) {
        // A copy: the memory of the chunk is taken back when this returns.
        this.chunks.push(new Uint8Array(chunk.slice(0)))
        this.waitingBytes += chunk.byteLength
      }
      if (this.waitingBytes > WAITING_BYTES_MAX && !this.paused && !isLast) {
        this.paused = true
        this.res.pause()
      }
      this.next()
    })
    void this.open()
  }

  private async open(): Promise<void> {
    try {
      this.writer = await this.part.open()
    } catch (error) {
      this.failure = error as Error
    }
    this.writing = false
    this.next()
  }

  private next(): void {
    if (this.writing) return
    this.writing = true
    void this.work().then(() => {
      this.writing = false
    })
  }

  private async work(): Promise<void> {
    while (!this.gone && this.failure === undefined) {
      const { chunks } = this
      if (chunks.length === 0) {
        if (!this.isLast) return
        return this.end()
      }
      this.chunks = []
      this.waitingBytes = 0
      this.readOn()
      try {
        await this.writer!.write(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))
      } catch (error) {
        this.failure = error as Error
      }
    }
    return this.end()
  }

  private readOn(): void {
    if (!this.paused || this.gone) return
    this.paused = false
    this.res.resume()
  }

  private async end(): Promise<void> {
    this.chunks = []
    if (!this.gone && this.failure === undefined) {
      try {
        await this.writer!.finish()
        return this.settle(this.gone ? 'gone' : 'stored')
      } catch (error) {
        this.failure = error as Error
      }
    }
    await this.writer?.abandon().catch(() => {})
    this.settle(this.gone ? 'gone' : { error: this.failure! })
  }
}
