/**
 * Small things that are set up rather than said: apps, users, identities, webhooks, files' metadata. Not messages: those
 * are a view of the log. A record is changed by compare-and-set on its version, so that two edges that change one at once
 * never lose a change. Typed stores stand on top (`storage/directory` and its neighbours) and need no adapter of their own.
 */
export interface Records {
  /** @returns undefined when there is none, or when it has expired. */
  get(place: Place): Promise<StoredRecord | undefined>

  /**
   * Writes the record if its version is still `expected` (undefined: it must not exist). Returns whether it did.
   * Rejects with an unknown outcome: read before trying again.
   */
  put(place: Place, value: Uint8Array, expected: Version | undefined, options?: PutOptions): Promise<boolean>

  /** Removes the record if its version is still `expected`. Returns whether it did. */
  remove(place: Place, expected: Version): Promise<boolean>

  /** Records of one partition whose key lies behind `after`, in the byte order of their keys. */
  list(partition: Partition, range: ListRange): Promise<KeyedRecord[]>

  close(): Promise<void>
}

/** A kind of thing (`app`, `webhook`, …) and what they are listed by (an app's id, most often). */
export interface Partition {
  /** Letters, digits and hyphens. */
  readonly kind: string
  readonly partition: string
}

export interface Place extends Partition {
  readonly key: string
}

/** Rises with each change of the record; nothing else may be read from it. */
export type Version = number & { readonly __brand: 'Version' }

export interface StoredRecord {
  readonly value: Uint8Array
  readonly version: Version
}

export interface KeyedRecord extends StoredRecord {
  readonly key: string
}

export interface PutOptions {
  /** The record is gone after so many whole seconds. */
  readonly ttlSeconds?: number
}

export interface ListRange {
  readonly after?: string
  /** Keys that start so. */
  readonly prefix?: string
  /** 1 to 1,000. */
  readonly limit: number
}
