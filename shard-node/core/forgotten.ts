import { erasedFor, type Seq, type StoredMessage, type UserId } from '@chat4all/protocol'

/**
 * Users that are forgotten, and up to which seq: what they said there is shown to nobody from the moment of the commit
 * on, although it is in memory and in the view until the view has taken the erasure over.
 */
export type Forgotten = ReadonlyMap<UserId, Seq>

/** The message as it may be shown. */
export function withoutForgotten(stored: StoredMessage, forgotten: Forgotten | undefined): StoredMessage {
  if (forgotten === undefined) return stored
  const { seq } = stored
  for (const [user, upto] of forgotten) {
    const bytes = seq <= upto ? erasedFor(stored.bytes, user) : undefined
    if (bytes !== undefined) return { seq, bytes }
  }
  return stored
}

/** One more user; of one that is forgotten twice, the higher seq counts. */
export function alsoForgotten(forgotten: Forgotten | undefined, user: UserId, upto: Seq): Forgotten {
  return new Map([...(forgotten ?? []), [user, upto]])
}

/** Those that the view has not forgotten yet, when it has everything up to `materialised`. */
export function stillToForget(forgotten: Forgotten | undefined, materialised: Seq): Forgotten | undefined {
  const left = [...(forgotten ?? [])].filter(([, upto]) => upto > materialised)
  return left.length === 0 ? undefined : new Map(left)
}
