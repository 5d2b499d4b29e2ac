import type { AppId } from '@chat4all/protocol'

/** What operators and apps set up: apps and their secrets. Written by edges, not by the log. */
export interface DirectoryStore {
  app(id: AppId): Promise<StoredApp | undefined>
  saveApp(app: StoredApp): Promise<void>
  apps(): Promise<StoredApp[]>
  close(): Promise<void>
}

export interface StoredApp {
  readonly id: AppId
  readonly name: string
  /** Salted hashes (scrypt) of the secrets that are valid now; several while one is rotated. */
  readonly secretHashes: readonly string[]
  readonly created: number
}
