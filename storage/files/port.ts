import type { AppId, ConversationId, Millis, UserId } from '@chat4all/protocol'
import type { StoreId } from '../objects/placement.js'
import type { Layout, ObjectDigest, ObjectName, UploadId } from '../objects/port.js'

/**
 * What is known of files; their bytes are in `storage/objects`. Every change is a compare-and-set on one record, and
 * whoever finds a half-done step does it again: nobody holds a lock, so nobody can leave one behind.
 */
export interface FileStore {
  /** Writes the reminder first, so that no file is ever begun that nobody would sweep. */
  create(file: StoredFile, remindAt: Millis): Promise<void>
  get(app: AppId, id: FileId): Promise<StoredFile | undefined>
  /**
   * Changes the file as it is now; `change` may be called several times. It returns undefined to leave it as it is.
   * Resolves with the changed file; undefined when there is none or it was left.
   */
  update(app: AppId, id: FileId, change: (file: StoredFile) => StoredFile | undefined): Promise<StoredFile | undefined>
  /** Forgets the file and where it was posted. */
  remove(app: AppId, id: FileId): Promise<void>

  readonly contents: ContentStore

  /** The owner has, or had, a ready file of exactly so many bytes. */
  noteSize(app: AppId, owner: UserId | undefined, bytes: number): Promise<void>
  hasSize(app: AppId, owner: UserId | undefined, bytes: number): Promise<boolean>

  /** The file is posted in this conversation: its members may have it from now on. */
  share(app: AppId, id: FileId, conversation: ConversationId): Promise<void>
  isShared(app: AppId, id: FileId, conversation: ConversationId): Promise<boolean>
  /** Up to `limit` conversations that it was posted in, behind `after`. */
  conversationsOf(
    app: AppId,
    id: FileId,
    range: { readonly after?: ConversationId; readonly limit: number },
  ): Promise<ConversationId[]>

  /** Somebody is to look at the file at this time: `due` tells of it until `done`. */
  remind(app: AppId, id: FileId, at: Millis): Promise<void>
  due(now: Millis, limit: number): Promise<Reminder[]>
  done(reminder: Reminder): Promise<void>
}

/**
 * Bytes that one or more files of an app are: the same bytes are kept once (deduplication), and as long as a file refers
 * to them. References are records of their own, so that a count can neither be lost nor doubled; between one who begins
 * to refer and one who drops the last reference, "write, then look at the other's mark" decides on both sides, whichever
 * comes second sees the other.
 */
export interface ContentStore {
  get(app: AppId, sha256: Sha256): Promise<StoredContent | undefined>
  /** Refers to bytes that are there. Undefined: they are not, or are going (then this may be what removes them). */
  adopt(reference: Reference, removeBytes: RemoveBytes): Promise<StoredContent | undefined>
  /**
   * Refers to these bytes, of which a copy lies where `offered` says; that is the content from now on unless there is one.
   * Resolves with the content: when its object is another one, the copy offered is not needed.
   */
  publish(reference: Reference, offered: StoredContent, removeBytes: RemoveBytes): Promise<StoredContent>
  /** Notes another copy of the bytes. */
  addCopy(app: AppId, sha256: Sha256, object: ObjectName, store: StoreId): Promise<void>
  /**
   * Refers no longer. When that was the last one: `removeBytes` is called with what is to be removed, then the content
   * is forgotten. May be repeated after a failure or a crash, and ends the same.
   */
  release(reference: Reference, removeBytes: RemoveBytes): Promise<void>
  /** A file of this owner with these bytes. */
  ownedBy(app: AppId, sha256: Sha256, owner: UserId | undefined): Promise<FileId | undefined>
  /** Up to `limit` files with these bytes. */
  files(app: AppId, sha256: Sha256, limit: number): Promise<FileId[]>
}

export type FileId = string & { readonly kind: 'file' }
/** 64 hexadecimal digits, lower case. */
export type Sha256 = string & { readonly kind: 'sha256' }

export interface StoredFile {
  readonly id: FileId
  readonly app: AppId
  /** Undefined: uploaded by the app itself, with a service token. */
  readonly owner: UserId | undefined
  readonly name: string
  readonly mime: string
  readonly layout: Layout
  readonly created: Millis
  readonly state: FileState
}

/** uploading → verifying → ready | failed; failed → verifying, told better; → deleting from any. */
export type FileState =
  | { readonly type: 'uploading'; readonly place: UploadPlace; readonly expires: Millis }
  | {
      readonly type: 'verifying'
      readonly place: UploadPlace
      readonly checksum: Sha256
      /** SHA-256 of each part, as the client told. */
      readonly parts: readonly Sha256[] | undefined
      /** Until when nobody else need look: who verifies moves it on. Late or early, all that is lost is work. */
      readonly busyUntil: Millis
      /** What the bytes were found to be, where they have been read: they need not be read again. */
      readonly stored?: ObjectDigest | undefined
    }
  | { readonly type: 'ready'; readonly checksum: Sha256; readonly place: UploadPlace | undefined }
  | {
      readonly type: 'failed'
      readonly reason: string
      readonly place: UploadPlace
      readonly checksum: Sha256
      /** What the bytes were found to be. They stay: what was told of them may be wrong. Undefined: they are gone. */
      readonly stored?: ObjectDigest | undefined
      /** So long it can be asked about, and told better. */
      readonly expires: Millis
    }
  | { readonly type: 'deleting'; readonly checksum: Sha256 | undefined; readonly place: UploadPlace | undefined }

export interface UploadPlace {
  readonly store: StoreId
  readonly object: ObjectName
  readonly upload: UploadId
}

/** The bytes and their manifest. */
export interface StoredContent {
  readonly sha256: Sha256
  readonly object: ObjectName
  readonly layout: Layout
  /** SHA-256 of each part, as verified. */
  readonly parts: readonly Sha256[]
  readonly copies: readonly StoreId[]
}

/** May be called twice for the same content. */
export type RemoveBytes = (content: StoredContent) => Promise<void>

export interface Reference {
  readonly app: AppId
  readonly sha256: Sha256
  readonly owner: UserId | undefined
  readonly file: FileId
}

export interface Reminder {
  readonly app: AppId
  readonly file: FileId
  readonly at: Millis
}
