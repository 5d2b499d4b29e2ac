import { Chat4AllError, type MessageId, messageIdFromBytes, PAGE_MESSAGES_MAX, type Seq } from '@chat4all/protocol'
import type { Ask } from '../core/asks.js'
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
import { readMessage } from '../core/read-message.js'
import { CreateRequest, type MembersChange, MembersRequest, PostRequest, type Request } from '../core/requests.js'
import { Driver } from './driver.js'
import type { ClientEvents, ConnectionState } from './events.js'
import type { ClientOptions } from './options.js'
import { OutboxSending } from './sending.js'
import {
  encodedExtras,
  encodedPayload,
  payloadOf,
  validConversation,
  validMessageId,
  validMetadata,
  validNumber,
  validUser,
  validUsers,
} from './validated.js'

const HISTORY_LIMIT = 50
const TTL_SECONDS_MAX = 0xffffffff

export interface CreateGroupOptions {
  readonly metadata?: Readonly<Record<string, string>>
  /** Seconds that messages live, unless they say otherwise. */
  readonly ttl?: number
  /** Creating a group again under the same UUIDv4 gives the same group. */
  readonly messageId?: string
}

/**
 * A user's session with Chat4All: connects, reconnects and resumes by itself; sends each message until it is
 * committed, once and in order; tells each message of the user's conversations once and in order.
 */
export class Client {
  private readonly driver: Driver

  /** @throws Chat4AllError INVALID for a bad url, or where the platform has no WebSocket and none is given. */
  constructor(options: ClientOptions) {
    this.driver = new Driver(options)
  }

  private get core() {
    return this.driver.core
  }

  /** The user that the token speaks for; known from the first welcome on. */
  get user(): string | undefined {
    return this.core.inbox.user
  }

  get state(): ConnectionState {
    return this.driver.state
  }

  /** Connects, and reconnects by itself from then on. Resolves at the first `ready`; rejects when refused for good. */
  connect(): Promise<void> {
    return this.driver.connect()
  }

  /** Ends the session and saves what is unsent. `connect()` may be called again. */
  close(): Promise<void> {
    return this.driver.close()
  }

  /** Listens; the function returned stops it. */
  on<Type extends keyof ClientEvents>(type: Type, listener: (event: ClientEvents[Type]) => void): () => void {
    return this.driver.events.on(type, listener)
  }

  // --- messages --------------------------------------------------------------------------------------------------

  /**
   * Sends a message, at once or when there is a connection again; keeps its message_id through every retry.
   * @throws Chat4AllError BUSY when the outbox is full, INVALID when the content or an id has a wrong form.
   */
  send(conversation: string, content: Content, options: SendOptions = {}): Sending {
    const messageId = options.messageId === undefined ? newMessageId() : validMessageId(options.messageId)
    if (this.core.pendingPost(messageId) !== undefined) {
      throw new Chat4AllError('INVALID', `message_id ${messageId}: a message that is being sent has it`)
    }
    const extras = encodedExtras(options)
    const ttl = validNumber(options.ttl, 'ttl', 1, TTL_SECONDS_MAX)
    const request = new PostRequest({
      conversation: validConversation(conversation),
      messageId,
      payload: encodedPayload(payloadOf(content)),
      createdAt: this.driver.now(),
      ...(extras !== undefined && { extras }),
      ...(ttl !== undefined && { ttl }),
      ...(options.trace !== undefined && { trace: options.trace }),
    })
    // Who names a message may be repeating it: the server has to look for it further back than usual.
    request.mayBeRepeat = options.messageId !== undefined
    this.request(request)
    return new OutboxSending(request)
  }

  /** Messages of this client that are not acknowledged, oldest first. */
  pending(conversation?: string): Sending[] {
    const posts = this.core.pending()
    const chosen = conversation === undefined ? posts : posts.filter(({ post }) => post.conversation === conversation)
    return chosen.map((request) => new OutboxSending(request))
  }

  /**
   * How far an own message got: by seq, or by message_id where this client sent it (lately) itself. Undefined when the
   * conversation or the message_id is unknown.
   */
  messageStatus(conversation: string, message: number | string): MessageStatus | undefined {
    const known = this.core.inbox.get(conversation)
    return known && this.core.messageStatus(known, message as Seq | MessageId)
  }

  /** Reads stored messages. Waits for a connection for up to 30 s. */
  async history(conversation: string, query: HistoryQuery = {}): Promise<HistoryPage> {
    const id = validConversation(conversation)
    const since = validNumber(query.since, 'since', 0, Number.MAX_SAFE_INTEGER)
    const before = validNumber(query.before, 'before', 0, Number.MAX_SAFE_INTEGER)
    const limit = validNumber(query.limit, 'limit', 1, PAGE_MESSAGES_MAX) ?? HISTORY_LIMIT
    return new Promise((answered, failed) => {
      const ask: Ask = {
        conversation: id,
        ...(since !== undefined && { since: since as Seq }),
        ...(before !== undefined && { before: before as Seq }),
        limit,
        survivesReconnect: true,
        answered: ({ after, upto, first, head, messages }) => {
          const { user } = this.core.inbox
          const erasures = this.core.inbox.get(id)?.erasures
          const read = messages.map((wire) => {
            const message = readMessage(id, wire, user)
            return erasures?.applyTo(message) ?? message
          })
          answered({ conversation: id, after, upto, first, head, messages: read })
        },
        failed,
      }
      this.driver.input((now) => this.core.ask(ask, now))
    })
  }

  // --- conversations ---------------------------------------------------------------------------------------------

  /** All conversations of the user, that with the newest message first. Complete from the first `ready` on. */
  conversations(): ConversationView[] {
    return [...this.core.inbox.all()]
      .sort((a, b) => b.newestAt - a.newestAt)
      .map((conversation) => conversation.view(this.core.inbox.user))
      .filter((view) => view !== undefined)
  }

  conversation(id: string): ConversationView | undefined {
    return this.core.inbox.get(id)?.view(this.core.inbox.user)
  }

  /** Enters the one private conversation with this user. */
  async createPrivate(user: string): Promise<ConversationView> {
    const members = [validUser(user)]
    return new Promise((created, failed) => {
      const request = new CreateRequest(newMessageId(), { type: 'private', members }, created, failed)
      this.request(request)
    })
  }

  /** Creates a group of these users and this one, who becomes its admin. */
  async createGroup(users: readonly string[], options: CreateGroupOptions = {}): Promise<ConversationView> {
    const { messageId, metadata } = options
    const id = messageId === undefined ? newMessageId() : validMessageId(messageId)
    const ttl = validNumber(options.ttl, 'ttl', 1, TTL_SECONDS_MAX)
    const create = {
      type: 'group' as const,
      members: validUsers(users),
      ...(metadata !== undefined && { metadata: validMetadata(metadata) }),
      ...(ttl !== undefined && { ttl }),
    }
    return new Promise((created, failed) => {
      this.request(new CreateRequest(id, create, created, failed))
    })
  }

  async addMembers(conversation: string, users: readonly string[]): Promise<Committed> {
    return this.changeMembers(conversation, { add: validUsers(users) })
  }

  async removeMembers(conversation: string, users: readonly string[]): Promise<Committed> {
    return this.changeMembers(conversation, { remove: validUsers(users) })
  }

  /** Makes a user a member of a group, with this role; who is one already gets the role. Admins may. */
  async setRole(conversation: string, user: string, role: 'member' | 'admin'): Promise<Committed> {
    const add = validUsers([user])
    return this.changeMembers(conversation, { add, ...(role === 'admin' ? { promote: add } : { demote: add }) })
  }

  async leave(conversation: string): Promise<Committed> {
    if (this.user === undefined) throw new Chat4AllError('UNAVAILABLE', 'Not connected yet.')
    return this.changeMembers(conversation, { remove: validUsers([this.user]) })
  }

  private async changeMembers(
    conversation: string,
    users: Partial<Omit<MembersChange, 'conversation'>>,
  ): Promise<Committed> {
    const change = { conversation: validConversation(conversation), add: [], remove: [], ...users }
    return new Promise((committed, failed) => {
      const request = new MembersRequest(newMessageId(), change, committed, failed)
      this.request(request)
    })
  }

  /** Marks messages up to `seq` (the head unless given) as read, on every device of the user. */
  markRead(conversation: string, seq?: number): void {
    const known = this.core.inbox.get(conversation)
    if (known === undefined) return
    const upto = (validNumber(seq, 'seq', 0, Number.MAX_SAFE_INTEGER) ?? known.sequence.head) as Seq
    this.driver.input((now) => this.core.markRead(known, upto, now))
  }

  /** Tells the others; call it on every key: it sends rarely, and stops by itself 5 s after the last call. */
  setTyping(conversation: string, on: boolean): void {
    const id = validConversation(conversation)
    this.driver.input((now) => this.core.setTyping(id, on, now))
  }

  private request(request: Request): void {
    this.driver.input((now) => this.core.request(request, now))
  }
}

function newMessageId(): MessageId {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return messageIdFromBytes(bytes)
}
