import { connect, type Socket } from 'node:net'
import { type RangeAnswer, rangeAnswer, UnsuitedAnswer } from './range-answer.js'
import { type ByteRange, SILENCE_MS_MAX, type Store, StoreFault } from './store-fault.js'

// Ranges over a connection of its own, because node:http copies each byte and allocates for each packet: 0.83 s of
// processor time for 600 MB against 0.36 s here, where the bytes lie in the buffer that is written to the file from the
// moment on that the kernel gives them. Only what a store answers to a range is understood; `receiveRange` does the rest,
// and all that is encrypted: node:tls goes on giving after it was told to pause, so a buffer could not be stored in peace.

const BUFFER_BYTES = 1024 * 1024
const HEAD_BYTES_MAX = 64 * 1024
const HEAD_END = '\r\n\r\n'

/** What is asked for now. */
interface Asked {
  readonly range: ByteRange
  readonly store: Store
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
  /** Undefined until the head has come. */
  answer: RangeAnswer | undefined
  /** Bytes of the body that are still to come. */
  leftBytes: number
  /** Where the next bytes that are stored belong. */
  at: number
}

/** Asks for one range after the other. Of its two buffers one is filled while the other is stored. */
export class RangeConnection {
  private readonly buffers = [Buffer.allocUnsafeSlow(BUFFER_BYTES), Buffer.allocUnsafeSlow(BUFFER_BYTES)] as const
  private filling: 0 | 1 = 0
  private filledBytes = 0
  private isStoring = false
  /** Never rejects. */
  private lastStored: Promise<void> = Promise.resolve()
  /** The buffer that is filled has to be stored, and the other one still is. */
  private isWaiting = false
  private socket: Socket | undefined
  private origin: string | undefined
  private asked: Asked | undefined

  /**
   * Like `receiveRange`, for `http:` alone. @throws UnsuitedAnswer when only that one can read the answer; StoreFault,
   * what `store` throws, the reason of `signal`
   */
  async receive(address: string, range: ByteRange, store: Store, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const url = new URL(address)
    if (url.protocol !== 'http:') throw new UnsuitedAnswer('it is encrypted')
    const end = (): void => this.fail(signal.reason)
    signal.addEventListener('abort', end)
    try {
      await new Promise<void>((resolve, reject) => {
        this.asked = { range, store, resolve, reject, answer: undefined, leftBytes: 0, at: range.start }
        this.filledBytes = 0
        const lines = [
          `GET ${url.pathname}${url.search} HTTP/1.1`,
          `Host: ${url.host}`,
          `Range: bytes=${range.start}-${range.end - 1}`,
        ]
        const socket = this.connected(url)
        socket.write(lines.join('\r\n') + HEAD_END)
        socket.resume()
      })
    } finally {
      signal.removeEventListener('abort', end)
      this.asked = undefined
    }
  }

  close(): void {
    this.socket?.destroy()
    this.socket = undefined
  }

  private connected(url: URL): Socket {
    if (this.socket !== undefined && this.origin === url.origin) return this.socket
    this.close()
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
    const onread = { buffer: () => this.room(), callback: (bytes: number) => this.received(bytes) }
    const socket = connect({ host, port: Number(url.port) || 80, onread })
    const gone = (why: string) => {
      if (this.socket === socket) this.fail(new StoreFault(why))
    }
    socket.on('error', (error) => gone(error.message))
    socket.on('end', () => gone('the store ended the connection'))
    socket.on('close', () => gone('the connection was closed'))
    socket.on('timeout', () => {
      // A disk that is slow is no fault of the store.
      if (this.isStoring) socket.setTimeout(SILENCE_MS_MAX)
      else gone(`the store was silent for ${SILENCE_MS_MAX} ms`)
    })
    socket.setTimeout(SILENCE_MS_MAX)
    this.origin = url.origin
    this.socket = socket
    return socket
  }

  /** Where the next bytes go. While one waits for the other to be stored, nothing is read: then that other one is next. */
  private room(): Buffer {
    if (this.isWaiting) return this.buffers[this.filling === 0 ? 1 : 0]
    return this.buffers[this.filling].subarray(this.filledBytes)
  }

  /** Returns whether more may be read. */
  private received(bytes: number): boolean {
    const { asked } = this
    if (asked === undefined || this.isWaiting) {
      this.fail(new StoreFault('the store sent more than was asked for'))
      return false
    }
    this.filledBytes += bytes
    if (asked.answer === undefined) {
      const bodyBytes = this.readHead(asked)
      if (bodyBytes === undefined) return this.asked !== undefined && this.socket !== undefined
      asked.leftBytes -= bodyBytes
    } else asked.leftBytes -= bytes
    if (asked.leftBytes < 0) {
      this.fail(new StoreFault('the store sent more than was asked for'))
      return false
    }
    const isWhole = asked.leftBytes === 0
    if (!isWhole && this.filledBytes < BUFFER_BYTES) return true
    if (this.isStoring) this.isWaiting = true
    else this.storeFilled(asked)
    return !isWhole && !this.isWaiting
  }

  /** Reads the head, once it has come, and moves what lies behind it to the front: so many bytes. */
  private readHead(asked: Asked): number | undefined {
    const buffer = this.buffers[this.filling]
    const end = buffer.subarray(0, this.filledBytes).indexOf(HEAD_END)
    if (end < 0) {
      if (this.filledBytes > HEAD_BYTES_MAX) this.fail(new UnsuitedAnswer('its head is too long'))
      return undefined
    }
    try {
      asked.answer = rangeAnswer(buffer.toString('latin1', 0, end), asked.range)
    } catch (error) {
      this.fail(error)
      return undefined
    }
    asked.leftBytes = asked.range.end - asked.range.start
    buffer.copyWithin(0, end + HEAD_END.length, this.filledBytes)
    this.filledBytes -= end + HEAD_END.length
    return this.filledBytes
  }

  private storeFilled(asked: Asked): void {
    const chunk = this.buffers[this.filling].subarray(0, this.filledBytes)
    const offset = asked.at
    asked.at += chunk.length
    this.filling = this.filling === 0 ? 1 : 0
    this.filledBytes = 0
    this.isWaiting = false
    this.isStoring = true
    this.lastStored = asked.store([chunk], offset).then(
      () => {
        this.isStoring = false
        if (this.asked === asked) this.stored(asked)
      },
      (error: unknown) => {
        this.isStoring = false
        if (this.asked === asked) this.fail(error)
      },
    )
  }

  private stored(asked: Asked): void {
    if (this.isWaiting) {
      this.storeFilled(asked)
      if (asked.leftBytes > 0) this.socket?.resume()
    } else if (asked.at === asked.range.end) this.done(asked)
  }

  private done(asked: Asked): void {
    if (!asked.answer!.isKeptOpen) this.close()
    asked.resolve()
  }

  /**
   * The connection is of no use any more: who knows what it still holds. What came before it broke is good, and stored.
   * Nothing is stored any more when this is told.
   */
  private fail(error: unknown): void {
    const { asked } = this
    this.close()
    this.isWaiting = false
    this.asked = undefined
    if (asked === undefined) return
    const isGood = error instanceof StoreFault && asked.answer !== undefined && asked.leftBytes >= 0
    const rest = this.buffers[this.filling].subarray(0, isGood ? this.filledBytes : 0)
    this.lastStored
      .then(() => (rest.length > 0 ? asked.store([rest], asked.at) : undefined))
      .then(() => asked.reject(error), asked.reject)
  }
}
