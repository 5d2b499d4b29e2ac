import type { BackoffLimits } from '../core/backoff.js'
import type { ClientStorage } from './storage.js'

/** The part of the standard WebSocket that is needed. */
export interface WebSocketLike {
  binaryType: string
  readonly bufferedAmount: number
  send(data: Uint8Array): void
  close(code?: number, reason?: string): void
  onopen: (() => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onclose: ((event: { code: number; reason: string }) => void) | null
  onerror: ((event: unknown) => void) | null
}
export type WebSocketConstructor = new (url: string) => WebSocketLike

export interface ClientOptions {
  /**
   * The server: `https://host`, `http://host:8080`, or ws(s)://host/v1/socket in full. Several: each attempt to connect
   * takes the next.
   */
  readonly url: string | readonly string[]
  /**
   * An access token of a user, or how to get one: called before each connect. `refused` is the token that the server
   * did not take, where it was that: then a kept one must not be given again.
   */
  readonly token: string | ((refused: string | undefined) => string | Promise<string>)
  /** Names this device among those of the user. One is given, and kept in the storage, otherwise. */
  readonly device?: string
  /** Where cursors and unsent messages survive. In memory only unless given. */
  readonly storage?: ClientStorage
  /** Name and version of your program, for the server's log. */
  readonly agent?: string
  /** Messages that may wait to be sent; 1000 unless given. */
  readonly outboxMessagesMax?: number
  /** Bytes of messages that may wait to be sent; 4 MiB unless given. */
  readonly outboxBytesMax?: number
  /** Tell the server by itself that messages have arrived here. True unless given. */
  readonly deliveredReceipts?: boolean
  /** Bounds of the wait before a reconnect, which is random below them: 500 ms, doubled up to 20 s, unless given. */
  readonly backoff?: Partial<BackoffLimits>
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** From 0 to 1, for the jitter of reconnects. */
  readonly random?: () => number
  /** Where the platform has none (Node 20): `@chat4all/sdk/node` brings one along. */
  readonly WebSocket?: WebSocketConstructor
}
