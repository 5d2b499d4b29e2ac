import {
  type AppId,
  type ConversationId,
  type LogRecord,
  logRecord,
  type Message,
  type MessageId,
  type Millis,
  message,
  messageIdToBytes,
  type Seq,
  type StoredConversation,
  type StoredMessage,
  type UserId,
  Writer,
} from '@chat4all/protocol'
import type { EventSource, Following, MessageView, StreamEvent } from '@chat4all/storage'

type Membership = Extract<Message['payload'], { type: 'membership' }>

const RETRY_MS = 5

/** A stream in memory that keeps its promise: what was not taken in comes again, in order, to whoever follows next. */
export class TestStream implements EventSource {
  private readonly batches: StreamEvent[][] = []
  private position = 0
  private followers = 0
  /** Groups that were forgotten since they were followed last. */
  readonly forgotten = new Set<string>()
  private published: (() => void) | undefined

  publish(...events: StreamEvent[]): void {
    this.batches.push(events)
    this.published?.()
  }

  get isRead(): boolean {
    return this.position === this.batches.length
  }

  async follow(group: string, onEvents: (events: readonly StreamEvent[]) => Promise<void>): Promise<Following> {
    this.forgotten.delete(group)
    let stopped = false
    // Whoever followed before has died, or it would have been stopped.
    this.followers++
    const follower = this.followers
    const run = async (): Promise<void> => {
      while (!stopped && follower === this.followers) {
        const batch = this.batches[this.position]
        if (batch === undefined) {
          await new Promise<void>((resolve) => {
            this.published = resolve
          })
          continue
        }
        try {
          await onEvents(batch)
          if (follower === this.followers) this.position++
        } catch {
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
        }
      }
    }
    const running = run()
    return {
      stop: async () => {
        stopped = true
        this.published?.()
        await running
      },
    }
  }

  async forget(group: string): Promise<void> {
    this.forgotten.add(group)
  }

  async close(): Promise<void> {}
}

/** Says things in one conversation, and gives the records that a shard-node would write of it. */
export class TestConversation {
  readonly id: ConversationId
  private readonly app: AppId
  private readonly messages: StoredMessage[] = []
  private cursors = new Map<UserId, { delivered: Seq; read: Seq }>()
  private readonly now: () => number

  constructor(app: AppId, id: string, now: () => number) {
    this.app = app
    this.id = id as ConversationId
    this.now = now
  }

  created(...members: string[]): StreamEvent {
    const users = members as UserId[]
    return this.event({
      type: 'created',
      conversation: this.id,
      app: this.app,
      kind: 'group',
      members: users,
      admins: users.slice(0, 1),
      time: this.now() as Millis,
      metadata: { shop: '7' },
    })
  }

  said(from: string, text: string): StreamEvent {
    return this.written(from, { type: 'text', text })
  }

  changed(by: string, added: string[], removed: string[], more: Partial<Membership> = {}): StreamEvent {
    return this.written(by, { type: 'membership', added: added as UserId[], removed: removed as UserId[], ...more })
  }

  marked(name: string, delivered: number, read: number): StreamEvent {
    const user = name as UserId
    const before = this.cursors.get(user) ?? { delivered: 0 as Seq, read: 0 as Seq }
    const after = { delivered: delivered as Seq, read: read as Seq }
    this.cursors.set(user, after)
    const time = this.now() as Millis
    const item = { user, ...after, time, delivered_before: before.delivered, read_before: before.read }
    return this.event({ type: 'cursors', conversation: this.id, app: this.app, items: [item] })
  }

  /** The view that has what was said so far. */
  stored({ after, before }: { after: Seq; before: Seq }): StoredMessage[] {
    return this.messages.filter(({ seq }) => seq > after && seq < before)
  }

  get head(): Seq {
    return this.messages.length as Seq
  }

  private written(from: string, payload: Message['payload']): StreamEvent {
    const seq = (this.messages.length + 1) as Seq
    const writer = new Writer()
    const messageId = `00000000-0000-4000-8000-${String(seq).padStart(12, '0')}` as MessageId
    message.write(writer, {
      seq,
      message_id: messageIdToBytes(messageId),
      from: from as UserId,
      time: this.now() as Millis,
      payload,
      trace: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    })
    const bytes = Uint8Array.from(writer.take())
    this.messages.push({ seq, bytes })
    return this.event({
      type: 'messages',
      conversation: this.id,
      app: this.app,
      first: seq,
      count: 1 as never,
      messages: bytes,
    })
  }

  private event(record: Exclude<LogRecord, { type: 'follows' }>): StreamEvent {
    const writer = new Writer()
    logRecord.write(writer, record)
    return { kind: record.type, app: this.app, conversation: this.id, record: Uint8Array.from(writer.take()) }
  }
}

/** The part of a message view that webhooks use. */
export function viewOf(conversations: () => readonly TestConversation[]): MessageView {
  const find = (id: ConversationId) => conversations().find((each) => each.id === id)
  const view: Pick<MessageView, 'messages' | 'load'> = {
    messages: async (id, range) => find(id)?.stored(range) ?? [],
    load: async (id) => {
      const head = find(id)?.head
      return head === undefined ? undefined : ({ head } as StoredConversation)
    },
  }
  return view as MessageView
}
