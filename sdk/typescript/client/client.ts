import type { ConversationView } from '../core/conversation-view.js'
import type {
  Committed,
  Content,
  HistoryPage,
  HistoryQuery,
  MessageStatus,
  Sending,
  SendOptions,
} from '../core/message.js'
import type { ClientEvents, ConnectionState } from './events.js'
import type { ClientOptions } from './options.js'

/** PUBLIC SURFACE (implementation follows in the next commits). */
export declare class Client {
  constructor(options: ClientOptions)
  /** The user that the token speaks for; known from the first welcome on. */
  readonly user: string | undefined
  readonly state: ConnectionState
  /** Connects, and reconnects by itself from then on. Resolves at the first `ready`; rejects when refused for good. */
  connect(): Promise<void>
  /** Ends the session and saves what is unsent. `connect()` may be called again. */
  close(): Promise<void>

  /** Listens; the function returned stops it. */
  on<Type extends keyof ClientEvents>(type: Type, listener: (event: ClientEvents[Type]) => void): () => void

  /**
   * Sends a message, at once or when there is a connection again; keeps its message_id through every retry.
   * @throws Chat4AllError BUSY when the outbox is full, INVALID when the content or an id has a wrong form.
   */
  send(conversation: string, content: Content, options?: SendOptions): Sending
  /** Messages of this client that are not acknowledged, oldest first. */
  pending(conversation?: string): Sending[]
  messageStatus(conversation: string, message: number | string): MessageStatus | undefined

  /** All conversations of the user, that with the newest message first. Complete from the first `ready` on. */
  conversations(): ConversationView[]
  conversation(id: string): ConversationView | undefined
  history(conversation: string, query?: HistoryQuery): Promise<HistoryPage>
  /** Enters the one private conversation with this user. */
  createPrivate(user: string): Promise<ConversationView>
  createGroup(
    users: readonly string[],
    options?: { metadata?: Readonly<Record<string, string>>; ttl?: number; messageId?: string },
  ): Promise<ConversationView>
  addMembers(conversation: string, users: readonly string[]): Promise<Committed>
  removeMembers(conversation: string, users: readonly string[]): Promise<Committed>
  leave(conversation: string): Promise<Committed>

  /** Marks messages up to `seq` (the head unless given) as read on every device of the user. */
  markRead(conversation: string, seq?: number): void
  /** Tells the others; call it on every key: it sends rarely, and stops by itself 5 s after the last call. */
  setTyping(conversation: string, on: boolean): void
}
