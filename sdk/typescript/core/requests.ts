import {
  type Chat4AllError,
  type ConversationId,
  type Cseq,
  type MessageId,
  messageIdToBytes,
  type Seq,
  type UserId,
} from '@chat4all/protocol'
import type { ConversationView } from './conversation-view.js'
import type { Committed } from './message.js'
import type { NumberedFrame, OutboxRequest } from './outbox.js'

/** What stands in the outbox. Each kind knows its frame and whom to tell of the outcome. */
export type Request = PostRequest | CreateRequest | MembersRequest

/** A post, validated and encoded: what is sent, and sent again, is the same to the byte. */
export interface Post {
  readonly conversation: ConversationId
  readonly messageId: MessageId
  readonly payload: Uint8Array
  readonly extras?: Uint8Array
  readonly ttl?: number
  readonly trace?: string
  readonly createdAt: number
}

const FRAME_BYTES = 64

export class PostRequest implements OutboxRequest {
  readonly kind = 'post'
  readonly post: Post
  readonly size: number
  /** The application gave the message_id, and may have posted it before: nobody knows since when. */
  mayBeRepeat = false
  refusals = 0
  inFlight = false
  /**
   * How far its conversation had been told when it was asked for; undefined: unknown. It stays what it was through all
   * attempts: the message may have been stored anywhere beyond it, and nowhere else does the server look for it.
   */
  seen: Seq | undefined
  committed: Committed | undefined
  error: Chat4AllError | undefined
  /** Called once, when `committed` or `error` is there. */
  onSettled: (() => void) | undefined

  constructor(post: Post) {
    this.post = post
    this.size = post.payload.length + (post.extras?.length ?? 0) + FRAME_BYTES
  }

  get conversation(): ConversationId {
    return this.post.conversation
  }

  frame(cseq: Cseq): NumberedFrame {
    const { conversation, messageId, payload, extras, ttl, trace } = this.post
    return {
      t: 'send',
      cseq,
      conversation,
      message_id: messageIdToBytes(messageId),
      payload,
      ...(ttl !== undefined && { ttl }),
      ...(extras !== undefined && { extras }),
      ...(trace !== undefined && { trace }),
      ...(this.seen !== undefined && { seen: this.seen }),
    }
  }

  succeed(committed: Committed): void {
    this.committed = committed
    this.onSettled?.()
  }

  fail(error: Chat4AllError): void {
    this.error = error
    this.onSettled?.()
  }
}

type Create = Omit<Extract<NumberedFrame, { t: 'create' }>, 't' | 'cseq' | 'message_id'>

export class CreateRequest implements OutboxRequest {
  readonly kind = 'create'
  readonly size: number
  refusals = 0
  inFlight = false
  readonly succeed: (view: ConversationView) => void
  readonly fail: (error: Chat4AllError) => void
  private readonly messageId: MessageId
  private readonly create: Create

  constructor(
    messageId: MessageId,
    create: Create,
    succeed: (view: ConversationView) => void,
    fail: (error: Chat4AllError) => void,
  ) {
    this.messageId = messageId
    this.create = create
    this.size = FRAME_BYTES + sizeOf(create.members)
    this.succeed = succeed
    this.fail = fail
  }

  frame(cseq: Cseq): NumberedFrame {
    return { t: 'create', cseq, message_id: messageIdToBytes(this.messageId), ...this.create }
  }
}

export interface MembersChange {
  readonly conversation: ConversationId
  readonly add: UserId[]
  readonly remove: UserId[]
  readonly promote?: UserId[]
  readonly demote?: UserId[]
}

export class MembersRequest implements OutboxRequest {
  readonly kind = 'members'
  readonly conversation: ConversationId
  readonly size: number
  refusals = 0
  inFlight = false
  /** As in {@link PostRequest}. */
  seen: Seq | undefined
  readonly succeed: (committed: Committed) => void
  readonly fail: (error: Chat4AllError) => void
  private readonly messageId: MessageId
  private readonly change: MembersChange

  constructor(
    messageId: MessageId,
    change: MembersChange,
    succeed: (committed: Committed) => void,
    fail: (error: Chat4AllError) => void,
  ) {
    this.messageId = messageId
    this.change = change
    this.conversation = change.conversation
    const { add, remove, promote = [], demote = [] } = change
    this.size = FRAME_BYTES + [add, remove, promote, demote].reduce((bytes, users) => bytes + sizeOf(users), 0)
    this.succeed = succeed
    this.fail = fail
  }

  frame(cseq: Cseq): NumberedFrame {
    const message_id = messageIdToBytes(this.messageId)
    const { seen } = this
    return {
      t: 'members',
      cseq,
      message_id,
      ...this.change,
      ...(seen !== undefined && { seen }),
    }
  }
}

function sizeOf(users: readonly UserId[]): number {
  return users.reduce((bytes, user) => bytes + user.length, 0)
}
