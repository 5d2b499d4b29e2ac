import { type ConversationId, type Message, message, messageIdFromBytes, Reader, type Seq } from '@chat4all/protocol'
import type { MessageView } from '@chat4all/storage'

/** What a receipt says of the message that it is about. */
export interface KnownMessage {
  readonly messageId: string
  readonly from: string
  readonly trace: string | undefined
}

const CONVERSATIONS_MAX = 5_000
const MESSAGES_PER_CONVERSATION_MAX = 200
/** Somebody who comes back after a long time has so many messages at once; of those before, nothing is told one by one. */
export const RECEIPTS_AT_ONCE_MAX = 1_000

/** The stream knows of a message, and the view, which is written at the same time, does not yet. */
export class ViewBehindError extends Error {
  constructor(conversation: ConversationId, seq: Seq) {
    super(`the view has not got to seq ${seq} of ${conversation} yet`)
    this.name = 'ViewBehindError'
  }
}

/**
 * Which message stands at a seq: cursors say only how far somebody has got. Most are about messages that came by a moment
 * ago; the others are in the message view.
 */
export class RecentMessages {
  private readonly view: MessageView
  private readonly now: () => number
  private readonly conversations = new Map<ConversationId, Map<number, KnownMessage | undefined>>()

  constructor(view: MessageView, now: () => number) {
    this.view = view
    this.now = now
  }

  /** Keeps what came by; the least recent conversations are forgotten. */
  remember(conversation: ConversationId, messages: readonly Message[]): void {
    const known = this.conversations.get(conversation) ?? new Map<number, KnownMessage | undefined>()
    this.conversations.delete(conversation)
    this.conversations.set(conversation, known)
    for (const one of messages) known.set(one.seq, knownOf(one))
    for (const seq of known.keys()) {
      if (known.size <= MESSAGES_PER_CONVERSATION_MAX) break
      known.delete(seq)
    }
    if (this.conversations.size > CONVERSATIONS_MAX) {
      this.conversations.delete(this.conversations.keys().next().value!)
    }
  }

  /**
   * Messages of members with after < seq <= upto, at most the newest {@link RECEIPTS_AT_ONCE_MAX}, in ascending order.
   * Those that have expired are left out.
   * @throws ViewBehindError when it is too early to ask.
   */
  async between(conversation: ConversationId, after: Seq, upto: Seq): Promise<Map<number, KnownMessage>> {
    const known = this.conversations.get(conversation)
    const found = new Map<number, KnownMessage>()
    const first = Math.max(after + 1, upto - RECEIPTS_AT_ONCE_MAX + 1)
    for (let seq = first; seq <= upto; seq++) {
      if (!known?.has(seq)) return this.read(conversation, (first - 1) as Seq, upto)
      const one = known.get(seq)
      if (one !== undefined) found.set(seq, one)
    }
    return found
  }

  private async read(conversation: ConversationId, after: Seq, upto: Seq): Promise<Map<number, KnownMessage>> {
    const found = new Map<number, KnownMessage>()
    const stored = await this.view.messages(conversation, {
      after,
      before: (upto + 1) as Seq,
      limit: RECEIPTS_AT_ONCE_MAX,
      newestFirst: true,
      now: this.now() as never,
    })
    for (const { seq, bytes } of stored) {
      const one = knownOf(message.read(new Reader(bytes)))
      if (one !== undefined) found.set(seq, one)
    }
    if (stored.at(-1)?.seq === upto) return found
    // The last one is missing: it has expired, or it is not there yet.
    const head = (await this.view.load(conversation))?.head ?? 0
    if (head < upto) throw new ViewBehindError(conversation, upto)
    return found
  }
}

/** Undefined: written by the server, or erased, so nobody waits to hear that it was read. */
function knownOf({ message_id, from, payload, trace }: Message): KnownMessage | undefined {
  const isOfUser = payload.type !== 'membership' && payload.type !== 'erased'
  return !isOfUser ? undefined : { messageId: messageIdFromBytes(message_id), from, trace }
}
