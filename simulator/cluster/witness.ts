import type { ConversationId, ConversationInfo, Message, MessageId, Seq, UserId } from '@chat4all/protocol'
import type { History } from '../history/history.js'
import type { Trace } from '../world/trace.js'
import { seenMessage } from './seen-message.js'

interface Range {
  readonly conversation: ConversationId
  readonly after: Seq
  readonly upto: Seq
  readonly messages: readonly Message[]
}

/** Puts what one client does and sees into the history. */
export class Witness {
  private readonly client: string
  private readonly history: History
  private readonly trace: Trace

  constructor(client: string, history: History, trace: Trace) {
    this.client = client
    this.history = history
    this.trace = trace
  }

  private get at(): number {
    return this.trace.now
  }

  created(info: ConversationInfo): void {
    const members = (info.members ?? []).map(({ user }) => user)
    this.history.record({ type: 'created', at: this.at, conversation: info.conversation, members })
  }

  connected(session: string, have: ReadonlyMap<ConversationId, Seq>): void {
    this.history.record({ type: 'connected', at: this.at, client: this.client, session, have })
  }

  sending(session: string, conversation: ConversationId, messageId: MessageId, again: boolean): void {
    const { at, client } = this
    this.history.record({ type: 'sending', at, client, session, conversation, messageId, again })
  }

  sent(session: string, conversation: ConversationId, messageId: MessageId, seq: Seq): void {
    const { at, client } = this
    this.history.record({ type: 'sent', at, client, session, conversation, messageId, seq })
  }

  refused(session: string, conversation: ConversationId, messageId: MessageId, code: string): void {
    const { at, client } = this
    this.history.record({ type: 'refused', at, client, session, conversation, messageId, code })
  }

  delivered(session: string, { conversation, after, upto, messages }: Range): void {
    const { at, client } = this
    const seen = messages.map(seenMessage)
    this.history.record({ type: 'delivered', at, client, session, conversation, after, upto, messages: seen })
  }

  page(session: string, askedAt: number, page: Range & { readonly first: Seq; readonly head: Seq }): void {
    const { at, client } = this
    const { conversation, after, upto, first, head } = page
    const messages = page.messages.map(seenMessage)
    this.history.record({
      type: 'page',
      askedAt,
      at,
      client,
      session,
      conversation,
      after,
      upto,
      first,
      head,
      messages,
    })
  }

  begins(session: string, conversation: ConversationId, after: Seq, resumed: boolean): void {
    const { at, client } = this
    this.history.record({ type: 'begins', at, client, session, conversation, after, resumed })
  }

  left(session: string, conversation: ConversationId): void {
    this.history.record({ type: 'left', at: this.at, session, conversation })
  }

  cursors(
    session: string,
    conversation: ConversationId,
    told: { readonly user: UserId; readonly delivered: Seq; readonly read: Seq },
    askedAt?: number,
  ): void {
    const { user, delivered, read } = told
    this.history.record({ type: 'cursors', askedAt, at: this.at, session, conversation, user, delivered, read })
  }
}
