import {
  Chat4AllError,
  CLIENT_FRAMES,
  type ClientFrame,
  type DeviceId,
  FRAME_BYTES_MAX,
  frameCodec,
  SERVER_FRAMES,
  Writer,
} from '@chat4all/protocol'
import { ClientCore } from '../core/client-core.js'
import { Connection } from './connection.js'
import { Emitter } from './emitter.js'
import type { ClientEvents, ConnectionState } from './events.js'
import type { ClientOptions, WebSocketConstructor } from './options.js'
import { pageHints } from './page-hints.js'
import { restoredState, savedState } from './saved-state.js'
import { Saver } from './saver.js'
import { socketUrl } from './server-url.js'

const OUTBOX_MESSAGES_MAX = 1000
const OUTBOX_BYTES_MAX = 4 * 1024 * 1024
const IN_FLIGHT_MAX = 256
const IN_FLIGHT_BYTES_MAX = 1024 * 1024
/** The longest wait that setTimeout takes. */
const TIMER_MS_MAX = 0x7fffffff

const serverCodec = frameCodec(SERVER_FRAMES)
const clientCodec = frameCodec(CLIENT_FRAMES)

interface Waiting {
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (reason: Chat4AllError) => void
}

/** Gives the core its socket, its timer, its storage and its listeners, and decides nothing. */
export class Driver {
  readonly events = new Emitter<ClientEvents>()
  readonly core: ClientCore
  readonly now: () => number
  private readonly options: ClientOptions
  private readonly connection: Connection
  private readonly saver: Saver | undefined
  private readonly writer = new Writer()
  private frameBytesMax = FRAME_BYTES_MAX
  private device: DeviceId | undefined
  private isFlushPlanned = false
  private timer: ReturnType<typeof setTimeout> | undefined
  private timerAt = Number.POSITIVE_INFINITY
  private loading: Promise<void> | undefined
  private connecting: Waiting | undefined
  private stopHints: (() => void) | undefined

  constructor(options: ClientOptions) {
    this.options = options
    this.now = options.now ?? Date.now
    this.device = options.device as DeviceId | undefined
    this.core = this.makeCore()
    this.connection = this.makeConnection()
    const { storage } = options
    if (storage !== undefined) {
      const failed = (error: Error) => this.events.emit('error', error)
      this.saver = new Saver(storage, () => savedState(this.core, this.device), failed)
    }
  }

  get state(): ConnectionState {
    return this.connection.state
  }

  async connect(): Promise<void> {
    this.loading ??= this.load()
    await this.loading
    if (this.state.status === 'online') return
    this.connecting ??= waiting()
    const { promise } = this.connecting
    const probe = () => this.input((now) => this.core.probe(now))
    this.stopHints ??= pageHints({
      online: () => {
        this.connection.hurry()
        probe()
      },
      uncertain: probe,
      leaving: () => void this.saver?.flush(),
    })
    this.connection.start()
    return promise
  }

  async close(): Promise<void> {
    this.input(() => this.core.finish())
    this.flush()
    this.connection.stop()
    await this.saver?.flush()
  }

  /** Everything that reaches the core goes through here: afterwards, what it wants is done. */
  input(step: (now: number) => void): void {
    const now = this.now()
    step(now)
    this.core.settle(now)
    this.arm()
  }

  private makeCore(): ClientCore {
    const { outboxMessagesMax = OUTBOX_MESSAGES_MAX, outboxBytesMax = OUTBOX_BYTES_MAX } = this.options
    return new ClientCore(
      {
        requestsMax: outboxMessagesMax,
        bytesMax: outboxBytesMax,
        inFlightMax: IN_FLIGHT_MAX,
        inFlightBytesMax: IN_FLIGHT_BYTES_MAX,
        deliveredReceipts: this.options.deliveredReceipts ?? true,
      },
      {
        // The compiler does not see that an event of the core is one of the client's.
        emit: (type, event) => this.events.emit(type, event as never),
        isHeard: (type) => this.events.has(type),
        transmit: (frame) => this.transmit(frame),
        opened: (welcome) => {
          this.device = welcome.device
          this.frameBytesMax = welcome.frame_bytes_max
          this.connection.welcomed()
        },
        ready: () => {
          this.connection.online()
          this.connecting?.resolve()
          this.connecting = undefined
        },
        restart: (reason) => this.connection.restart(reason),
        goAway: (delayMs) => this.connection.goAway(delayMs),
        fault: (error) => {
          this.connection.expectClose(error)
          this.events.emit('error', error)
        },
        unsaved: () => this.saver?.changed(),
      },
    )
  }

  private makeConnection(): Connection {
    const { url, token, backoff, random = Math.random } = this.options
    const urls = (typeof url === 'string' ? [url] : url).map(socketUrl)
    if (urls.length === 0) throw new Chat4AllError('INVALID', 'url: an empty list')
    const WebSocket = this.options.WebSocket ?? platformWebSocket()
    return new Connection(
      { urls, token, WebSocket, backoff, now: this.now, random },
      {
        opened: (accessToken) => {
          this.transmit(this.core.hello(accessToken, this.device, this.options.agent))
          this.flush()
        },
        received: (bytes) => this.received(bytes),
        closed: () => {
          this.writer.rewind(0)
          this.core.closed()
        },
        stateChanged: (state) => this.stateChanged(state),
      },
    )
  }

  private async load(): Promise<void> {
    const saved = await this.options.storage?.load()
    if (saved === undefined) return
    this.device ??= saved.device as DeviceId
    this.core.restore(restoredState(saved))
  }

  private stateChanged(state: ConnectionState): void {
    if (state.status === 'offline' && state.nextAttemptAt === undefined) {
      this.stopHints?.()
      this.stopHints = undefined
      const reason = state.reason ?? new Chat4AllError('UNAVAILABLE', 'The client was closed.')
      this.core.abandon(reason, this.now())
      this.connecting?.reject(reason)
      this.connecting = undefined
    }
    this.events.emit('state', state)
    this.arm()
  }

  private received(bytes: Uint8Array): void {
    this.input((now) => {
      this.core.heard(now)
      try {
        serverCodec.decodeAll(bytes, (frame) => this.core.received(frame, now))
      } catch (cause) {
        if (!(cause instanceof Chat4AllError)) throw cause
        const error = new Chat4AllError(cause.code, `The server sent what this version does not know: ${cause.detail}`)
        this.events.emit('error', error)
        this.connection.restart(error)
      }
    })
  }

  /** Appends the frame to what is sent when the program has come to rest: frames of one moment travel together. */
  private transmit(frame: ClientFrame): void {
    const before = this.writer.length
    clientCodec.encode(this.writer, frame)
    if (before > 0 && this.writer.length > this.frameBytesMax) {
      const bytes = this.writer.take()
      this.connection.send(bytes.subarray(0, before))
      this.connection.send(bytes.subarray(before))
    }
    if (this.isFlushPlanned) return
    this.isFlushPlanned = true
    queueMicrotask(() => {
      this.isFlushPlanned = false
      this.flush()
    })
  }

  private flush(): void {
    if (this.writer.length === 0) return
    this.connection.send(this.writer.take())
    this.core.spoke(this.now())
  }

  /** Sets the timer for when the core wants to be called. One that rings too early does no harm. */
  private arm(): void {
    const now = this.now()
    const wakeAt = this.core.wakeAt(now)
    if (wakeAt >= this.timerAt && wakeAt !== Number.POSITIVE_INFINITY) return
    clearTimeout(this.timer)
    this.timerAt = wakeAt
    if (wakeAt === Number.POSITIVE_INFINITY) return
    const ring = () => {
      this.timerAt = Number.POSITIVE_INFINITY
      this.input((at) => this.core.tick(at))
    }
    this.timer = setTimeout(ring, Math.min(TIMER_MS_MAX, Math.max(0, wakeAt - now)))
  }
}

/** `Promise.withResolvers`, which Node 20 lacks. */
function waiting(): Waiting {
  let resolve!: () => void
  let reject!: (reason: Chat4AllError) => void
  const promise = new Promise<void>((resolved, rejected) => {
    resolve = resolved
    reject = rejected
  })
  // Who does not await `connect()` learns of a refusal from the event `state`.
  promise.catch(() => {})
  return { promise, resolve, reject }
}

function platformWebSocket(): WebSocketConstructor {
  const found = (globalThis as { WebSocket?: unknown }).WebSocket
  if (typeof found === 'function') return found as WebSocketConstructor
  throw new Chat4AllError('INVALID', 'No WebSocket here: use @chat4all/sdk/node, or give the option WebSocket.')
}
