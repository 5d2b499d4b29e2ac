/**
 * What a client keeps between runs: how far it has got in each conversation, and what it still has to send.
 * Plain JSON, so that a storage is two functions.
 */
export interface SavedState {
  readonly version: 1
  /** The user whose state this is; that of another is never used. */
  readonly user: string
  readonly device: string
  /** When this client first connected, in the server's time: younger conversations are followed from their start. */
  readonly began: number
  readonly cursors: { readonly [conversation: string]: SavedCursor }
  readonly outbox: readonly SavedRequest[]
}

export interface SavedCursor {
  /** Highest seq up to which every message was told. */
  readonly seq: number
  /** How far this user has read. */
  readonly read: number
}

/** A message that is not acknowledged, in the order of sending. Bytes are base64. */
export interface SavedRequest {
  readonly conversation: string
  readonly messageId: string
  readonly payload: string
  readonly extras?: string
  readonly ttl?: number
  readonly trace?: string
  readonly createdAt: number
  /** How far the conversation had been told when it was sent first; missing: unknown. */
  readonly seen?: number
}

/**
 * Where a client's state is kept. `save` is called a moment after changes, never twice at once; a failing one is told
 * by the event `error` and tried again with the next change. One storage belongs to one client at a time.
 */
export interface ClientStorage {
  load(): Promise<SavedState | undefined> | SavedState | undefined
  save(state: SavedState): Promise<void> | void
}

/** The part of the browser's Storage that is needed. */
export interface KeyValueStorage {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
}
