import type { AppId } from '@chat4all/protocol'

/** Apps and their secrets, as operators set them up. Written by edges, not by the log. */
export interface DirectoryStore {
  app(id: AppId): Promise<StoredApp | undefined>
  /** False: there is one of this id, and it stays as it is. */
  createApp(app: StoredApp): Promise<boolean>
  /**
   * Changes the app as it is now; `change` may be called several times, and returns undefined to leave it. Resolves with
   * the app as it is then; undefined when there is none.
   */
  changeApp(id: AppId, change: (app: StoredApp) => StoredApp | undefined): Promise<StoredApp | undefined>
  apps(): Promise<StoredApp[]>
  close(): Promise<void>
}

export interface StoredApp {
  readonly id: AppId
  readonly name: string
  /** Oldest first; several while one is rotated. */
  readonly secrets: readonly StoredSecret[]
  readonly created: number
  /** Nobody gets a token of it, and those that were given are not taken any more. */
  readonly disabled?: boolean
  readonly quotas?: AppQuotas
}

export interface StoredSecret {
  /** Names it to operators; says nothing about it. */
  readonly id: string
  /** Salted hash (scrypt). */
  readonly hash: string
  readonly created: number
  /** From then on it is good for nothing, milliseconds since 1970. */
  readonly expires?: number
}

/** What an app may take of the system; what is left out is as the server has it for every app. */
export interface AppQuotas {
  /** REST requests of its services and all its users together. */
  readonly requestsPerSecond?: number
  /** REST requests of one of its users. */
  readonly userRequestsPerSecond?: number
  /** What all its users together send over sessions. */
  readonly sendsPerSecond?: number
  /** What one of its users sends over sessions. */
  readonly userSendsPerSecond?: number
}
