import { Chat4AllError, ERRORS, type ErrorCode, type ErrorEntry } from '@chat4all/protocol'
import { BACKOFF, Backoff, type BackoffLimits } from '../core/backoff.js'
import type { ConnectionState } from './events.js'
import type { WebSocketConstructor, WebSocketLike } from './options.js'

export interface ConnectionOptions {
  /** Addresses of the socket; each attempt takes the next. */
  readonly urls: readonly string[]
  readonly token: string | ((refused: string | undefined) => string | Promise<string>)
  readonly WebSocket: WebSocketConstructor
  readonly backoff: Partial<BackoffLimits> | undefined
  readonly now: () => number
  readonly random: () => number
}

export interface ConnectionHooks {
  /** The socket is open: the first thing to do is to send `hello` with this token. */
  opened(token: string): void
  received(bytes: Uint8Array): void
  /** The socket is gone. Only after `opened`. */
  closed(): void
  stateChanged(state: ConnectionState): void
}

/** From the attempt to `welcome`, the token included; past it the edge is taken for dead and the next one tried. */
const OPEN_MS_MAX = 15_000
/** How long a server that goes away may take for the answers on their way. */
const LINGER_MS = 1_000
/** Clients that were told the same delay still spread over so much of it. */
const GO_AWAY_JITTER = 0.25
/** Close codes of the protocol; of these, whether to connect again (errors.ts). */
const FATAL_CLOSE_MIN = 4500
const FATAL_CLOSE_MAX = 4999
const NORMAL_CLOSE = 1000

/** One socket after the other: when to open the next, to which address, with which token, and when to give up. */
export class Connection {
  private readonly options: ConnectionOptions
  private readonly hooks: ConnectionHooks
  private readonly backoff: Backoff
  private socket: WebSocketLike | undefined
  private isOpen = false
  private timer: ReturnType<typeof setTimeout> | undefined
  private attempts = 0
  /** Counts what was begun, so that what comes late of an attempt given up is known as such. */
  private generation = 0
  private refusedToken: string | undefined
  private token: string | undefined
  /** When to come back to a server that goes away. */
  private returnAt: number | undefined
  /** Why the session is about to end, where the server or the core has said so. */
  private reason: Chat4AllError | undefined
  state: ConnectionState = { status: 'offline' }

  constructor(options: ConnectionOptions, hooks: ConnectionHooks) {
    this.options = options
    this.hooks = hooks
    this.backoff = new Backoff({ ...BACKOFF, ...options.backoff })
  }

  /** Connects now, unless it is connected or about to be. */
  start(): void {
    if (this.state.status === 'offline') this.attempt()
  }

  /** Something outside hints that the network is back: does not wait for the next attempt any longer. */
  hurry(): void {
    if (this.state.status !== 'offline' || this.state.nextAttemptAt === undefined) return
    this.backoff.reset()
    this.attempt()
  }

  /** Ends the session, or the attempt at one. */
  stop(reason?: Chat4AllError): void {
    this.drop()
    this.change(reason === undefined ? { status: 'offline' } : { status: 'offline', reason })
  }

  /** The server took the token; conversations and what was missed follow. */
  welcomed(): void {
    clearTimeout(this.timer)
    this.refusedToken = undefined
  }

  /** The session is ready. */
  online(): void {
    this.backoff.online(this.options.now())
    this.change({ status: 'online' })
  }

  /** Ends this session and opens another, after the back-off. */
  restart(reason: Chat4AllError): void {
    this.drop()
    this.retryAfter(this.backoffMs(), reason)
  }

  /** Ends this session, when the answers on their way have come, and opens another after about the delay asked for. */
  goAway(delayMs: number): void {
    const jitterMs = this.options.random() * (delayMs * GO_AWAY_JITTER)
    this.returnAt = this.options.now() + delayMs + jitterMs
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.leave(new Chat4AllError('DRAINING')), LINGER_MS)
  }

  private leave(reason: Chat4AllError): void {
    const waitMs = Math.max(0, (this.returnAt ?? 0) - this.options.now())
    this.drop()
    this.retryAfter(waitMs, reason)
  }

  /** The server says why it is about to close. */
  expectClose(reason: Chat4AllError): void {
    this.reason = reason
  }

  send(bytes: Uint8Array): void {
    if (this.isOpen) this.socket?.send(bytes)
  }

  private change(state: ConnectionState): void {
    this.state = state
    this.hooks.stateChanged(state)
  }

  private backoffMs(): number {
    return this.backoff.delayAfterEnd(this.options.now(), this.options.random())
  }

  private retryAfter(delayMs: number, reason: Chat4AllError): void {
    this.timer = setTimeout(() => this.attempt(), delayMs)
    this.change({ status: 'offline', reason, nextAttemptAt: this.options.now() + delayMs })
  }

  /** Lets go of socket and timer; late events of either are ignored from here on. */
  private drop(): void {
    this.generation++
    clearTimeout(this.timer)
    const { socket, isOpen } = this
    this.socket = undefined
    this.isOpen = false
    this.reason = undefined
    this.returnAt = undefined
    if (socket === undefined) return
    socket.onopen = null
    socket.onmessage = null
    socket.onclose = null
    // Not null: without a listener, `ws` would throw what happens to a socket that nobody waits for.
    socket.onerror = () => {}
    socket.close(NORMAL_CLOSE)
    if (isOpen) this.hooks.closed()
  }

  private attempt(): void {
    clearTimeout(this.timer)
    const generation = ++this.generation
    this.timer = setTimeout(() => {
      this.restart(new Chat4AllError('UNAVAILABLE', `No session within ${OPEN_MS_MAX / 1000} s.`))
    }, OPEN_MS_MAX)
    this.change({ status: 'connecting' })
    void this.fetchToken(generation)
  }

  private async fetchToken(generation: number): Promise<void> {
    const { token } = this.options
    let value: string
    try {
      value = typeof token === 'string' ? token : await token(this.refusedToken)
    } catch (cause) {
      if (generation === this.generation) this.tokenFailed(cause)
      return
    }
    if (generation === this.generation) this.openSocket(value)
  }

  private tokenFailed(cause: unknown): void {
    const error = cause instanceof Chat4AllError ? cause : new Chat4AllError('UNAVAILABLE', messageOf(cause))
    const { retry } = ERRORS[error.code]
    if (retry === 'never' || retry === 'token') this.stop(error)
    else this.restart(error)
  }

  private openSocket(token: string): void {
    const { urls, WebSocket } = this.options
    const url = urls[this.attempts++ % urls.length]!
    this.token = token
    let socket: WebSocketLike
    try {
      socket = new WebSocket(url)
    } catch (cause) {
      // Such as ws: from a page that came over https. Another attempt would end the same way.
      return this.stop(new Chat4AllError('INVALID', `${url}: ${messageOf(cause)}`))
    }
    this.socket = socket
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => {
      this.isOpen = true
      this.hooks.opened(token)
    }
    socket.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) this.hooks.received(new Uint8Array(data))
      else this.restart(new Chat4AllError('MALFORMED_FRAME', `${url} sent text: is it a Chat4All server?`))
    }
    // The platforms tell no reason here, and `close` always follows.
    socket.onerror = () => {}
    socket.onclose = ({ code, reason }) => this.closedByPeer(code, reason, url)
  }

  private closedByPeer(code: number, text: string, url: string): void {
    const reason = this.reason ?? this.closeReason(code, text, url)
    const { refusedToken, token } = this
    if (this.returnAt !== undefined) return this.leave(reason)
    this.drop()
    if (ERRORS[reason.code].retry === 'token') {
      // A new token is worth one try; when that is refused too, another will not help.
      if (typeof this.options.token === 'string' || refusedToken !== undefined) return this.stop(reason)
      this.refusedToken = token
      return this.attempt()
    }
    if (code >= FATAL_CLOSE_MIN && code <= FATAL_CLOSE_MAX) this.stop(reason)
    else this.retryAfter(this.backoffMs(), reason)
  }

  private closeReason(code: number, text: string, url: string): Chat4AllError {
    const known = codeOfClose(code)
    if (known !== undefined) return new Chat4AllError(known, text === '' ? undefined : text)
    const what = this.isOpen ? `The connection to ${url} broke` : `${url} cannot be reached`
    const code4500 = code >= FATAL_CLOSE_MIN && code <= FATAL_CLOSE_MAX
    return new Chat4AllError(
      code4500 ? 'INVALID' : 'UNAVAILABLE',
      `${what} (close code ${code}${text && `: ${text}`}).`,
    )
  }
}

function codeOfClose(close: number): ErrorCode | undefined {
  return (Object.keys(ERRORS) as ErrorCode[]).find((code) => {
    const entry: ErrorEntry = ERRORS[code]
    return entry.close === close
  })
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
