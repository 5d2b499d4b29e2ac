import type { ConversationId, Millis, Seq, UserId } from '@chat4all/protocol'
import type { Message } from './message.js'

export interface MemberView {
  readonly user: UserId
  readonly role: 'member' | 'admin'
  /** Every message up to this seq is on a device of the member. */
  readonly delivered: Seq
  readonly read: Seq
}

/** A conversation as this user sees it now; a snapshot that never changes. */
export interface ConversationView {
  readonly id: ConversationId
  readonly type: 'private' | 'group'
  /** Highest seq; 0 when there is no message yet. */
  readonly head: Seq
  /** Lowest seq that may still exist. */
  readonly first: Seq
  readonly memberCount: number
  /** Undefined in groups over 100 members. */
  readonly members: readonly MemberView[] | undefined
  /** The other member of a private conversation. */
  readonly peer: UserId | undefined
  /** This user's own cursors, whichever device moved them. */
  readonly delivered: Seq
  readonly read: Seq
  /** Messages after `read`. */
  readonly unread: number
  readonly created: Millis
  readonly metadata: Readonly<Record<string, string>>
  /** Seconds that messages live, unless they say otherwise. */
  readonly ttl: number | undefined
  /** The newest message. */
  readonly last: Message | undefined
  /** Other members that type at this moment. */
  readonly typing: readonly UserId[]
  /** Other members that are online (small conversations only). */
  readonly online: readonly UserId[]
}
