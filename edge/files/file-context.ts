import type { AppId, ConversationId, Millis, UserId } from '@chat4all/protocol'
import type { FileId, FileStore, ObjectStore, ObjectStores, Sha256, StoredFile, StoreId } from '@chat4all/storage'
import { ObjectStoreUnavailableError } from '@chat4all/storage'

/** What all of `edge/files` works with. */
export interface FileContext {
  readonly files: FileStore
  readonly objects: ObjectStores
  /** Whether the user is a member of the conversation now. */
  readonly isMember: (app: AppId, conversation: ConversationId, user: UserId) => Promise<boolean>
  readonly events: FileEvents
  /** Milliseconds since 1970. */
  readonly now: () => Millis
  readonly newFileId: () => FileId
}

/** What happens to files, for log and metrics. */
export interface FileEvents {
  initiated(file: StoredFile, reused: boolean): void
  verified(file: StoredFile, tookMs: number): void
  verificationFailed(file: StoredFile, reason: string): void
  removed(app: AppId, file: FileId): void
  copied(app: AppId, sha256: Sha256, to: StoreId, tookMs: number): void
  /** Work in the background failed; it is done again later. */
  failed(what: string, app: AppId, file: FileId, error: Error): void
}

/** @throws ObjectStoreUnavailableError when it is not on the list of stores any more. */
export function storeOf({ objects }: Pick<FileContext, 'objects'>, id: StoreId): ObjectStore {
  const store = objects.get(id)
  if (store === undefined) throw new ObjectStoreUnavailableError(`object store ${id} is not on the list`)
  return store
}
