import type { HttpResponse } from 'uWebSockets.js'
import type { ResponseSink, ResponseSource } from './streamed-response.js'

/** Written when there is nothing else to write: uWebSockets sends what it holds back only along with something. */
const NOTHING = ':\n'

/** How long a client may take to take the last of what was sent to it. */
const ENDING_MS = 2_000

/**
 * A streamed body on uWebSockets, with what it holds back counted: once a write was not taken whole, the next waits here
 * until the socket has room.
 */
export class UwsSink implements ResponseSink {
  private readonly res: HttpResponse
  private waiting: string[] = []
  private waitingBytes = 0
  /** Bytes of the write that was not taken whole; 0: the socket has room. */
  private heldBytes = 0
  private source: ResponseSource | undefined
  private ending = false
  private over = false

  constructor(res: HttpResponse) {
    this.res = res
    res.onWritable(() => this.writable())
  }

  get bufferedBytes(): number {
    return this.waitingBytes + this.heldBytes
  }

  attach(source: ResponseSource): void {
    this.source = source
  }

  write(text: string): void {
    if (this.over || this.ending) return
    if (this.heldBytes === 0) return void this.send(text)
    this.waiting.push(text)
    this.waitingBytes += Buffer.byteLength(text)
  }

  end(): void {
    if (this.over || this.ending) return
    this.ending = true
    if (this.heldBytes === 0) return this.finish()
    // Who does not take the rest is cut off: what it has, it can come back with.
    setTimeout(() => {
      if (!this.over) this.res.close()
    }, ENDING_MS).unref()
  }

  /** The connection is gone. */
  aborted(): void {
    if (this.over) return
    this.over = true
    this.forget()
    this.source?.closed()
  }

  private send(text: string): boolean {
    let taken = true
    this.res.cork(() => {
      taken = this.res.write(text)
    })
    this.heldBytes = taken ? 0 : Buffer.byteLength(text)
    return taken
  }

  private writable(): boolean {
    if (this.over) return true
    const text = this.waiting.length === 0 ? NOTHING : this.waiting.join('')
    this.forget()
    if (!this.send(text)) return false
    if (this.ending) this.finish()
    else queueMicrotask(() => this.tellDrained())
    return true
  }

  private tellDrained(): void {
    if (!this.over) this.source?.drained()
  }

  private finish(): void {
    this.over = true
    this.res.cork(() => this.res.end())
    queueMicrotask(() => this.source?.closed())
  }

  private forget(): void {
    this.waiting = []
    this.waitingBytes = 0
  }
}
