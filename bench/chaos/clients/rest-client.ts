import type { ConversationAnswer, MessageAnswer, PageAnswer } from '@chat4all/protocol/rest'
import type { Recorder } from '../history/history-file.js'
import type { SeenMessage } from '../history/observation.js'
import { digestOf, type Request } from './request.js'
import { seenInAnswer } from './seen-message.js'

/** Requests over REST, each a call of its own, written down like those of sessions. */

const ANSWER_MS_MAX = 20_000
const PAGE_MESSAGES = 500

export interface Credentials {
  readonly clientId: string
  readonly clientSecret: string
}

export class RestClient {
  private readonly edges: ReadonlyMap<string, number>
  private readonly recorder: Recorder
  private calls = 0
  private serviceToken = ''

  constructor(edges: ReadonlyMap<string, number>, recorder: Recorder) {
    this.edges = edges
    this.recorder = recorder
  }

  async signIn(credentials: Credentials): Promise<void> {
    this.serviceToken = await this.token(credentials)
  }

  /** An access token of a user, or of the app itself. */
  async token({ clientId, clientSecret }: Credentials, user?: string): Promise<string> {
    const [edge] = this.edges.keys()
    const body = { client_id: clientId, client_secret: clientSecret, ...(user !== undefined && { user }) }
    const { status, answer } = await this.call<{ access_token: string }>(edge!, 'POST', '/auth/token', body, '')
    if (status !== 200) throw new Error(`POST /auth/token: ${status} ${JSON.stringify(answer)}`)
    return answer.access_token
  }

  async createConversation(
    edge: string,
    kind: 'private' | 'group',
    members: readonly string[],
    admins: readonly string[],
  ): Promise<string> {
    const body = { type: kind, members, ...(kind === 'group' && { admins, message_id: crypto.randomUUID() }) }
    const { status, answer } = await this.call<ConversationAnswer>(edge, 'POST', '/v1/conversations', body)
    if (status >= 300) throw new Error(`POST /v1/conversations: ${status} ${JSON.stringify(answer)}`)
    return answer.conversation_id
  }

  /** Posts a message, maybe one that was posted before; `conflicts`: with other content than then. */
  async post(edge: string, request: Request, again: boolean, conflicts = false): Promise<number | undefined> {
    if (request.kind !== 'text') throw new Error('only texts are posted over REST')
    const { recorder } = this
    const { user, conversation, id, text } = request
    const device = `rest-${++this.calls}`
    const content = digestOf(request)!
    recorder.record({
      type: 'sending',
      at: recorder.now(),
      device,
      user,
      edge,
      way: 'rest',
      conversation,
      id,
      again,
      content,
      ...(conflicts && { conflicts }),
    })
    const about = { device, edge, conversation, id }
    try {
      const { status, answer } = await this.call<{ seq: number; code: string }>(edge, 'POST', '/v1/messages', {
        message_id: id,
        conversation_id: conversation,
        from: user,
        payload: { type: 'text', text },
      })
      const at = recorder.now()
      if (status < 300) {
        recorder.record({ type: 'sent', at, way: 'rest', ...about, seq: answer.seq })
        return answer.seq
      }
      recorder.record({ type: 'refused', at, way: 'rest', ...about, code: answer.code ?? `HTTP ${status}` })
    } catch (error) {
      recorder.record({ type: 'unanswered', at: recorder.now(), ...about, reason: (error as Error).message })
    }
    return undefined
  }

  async mark(edge: string, user: string, conversation: string, delivered: number, read: number): Promise<void> {
    const { recorder } = this
    const cursors = { conversation, delivered, read }
    recorder.record({ type: 'marking', at: recorder.now(), user, way: 'rest', ...cursors })
    const path = `/v1/conversations/${conversation}/receipts`
    try {
      const { status } = await this.call(edge, 'POST', path, { user, delivered, read })
      if (status < 300) recorder.record({ type: 'marked', at: recorder.now(), user, ...cursors })
    } catch {
      // The outcome is unknown, and nothing depends on it.
    }
  }

  /** Asks for the members' cursors of a conversation, and writes them down. */
  async askCursors(edge: string, conversation: string): Promise<boolean> {
    const { recorder } = this
    const askedAt = recorder.now()
    try {
      const path = `/v1/conversations/${conversation}`
      const { status, answer } = await this.call<ConversationAnswer>(edge, 'GET', path)
      if (status !== 200) return false
      const at = recorder.now()
      const by = `rest-${++this.calls}`
      for (const { user, delivered, read } of answer.members ?? []) {
        recorder.record({ type: 'cursors', askedAt, at, by, conversation, user, delivered, read })
      }
      return true
    } catch {
      return false
    }
  }

  /** Reads a conversation from its first message to its head; undefined: not answered. */
  async readAll(
    edge: string,
    conversation: string,
  ): Promise<{ readonly askedAt: number; readonly head: number; readonly messages: SeenMessage[] } | undefined> {
    const askedAt = this.recorder.now()
    const messages: SeenMessage[] = []
    for (let since = 0; ; ) {
      const path = `/v1/conversations/${conversation}/messages?since=${since}&limit=${PAGE_MESSAGES}`
      const { status, answer } = await this.call<PageAnswer>(edge, 'GET', path)
      if (status !== 200 || (answer.upto <= since && answer.upto < answer.head_seq)) return undefined
      messages.push(...answer.messages.map((message) => seenInAnswer(message as MessageAnswer)))
      since = answer.upto
      if (since >= answer.head_seq) return { askedAt, head: answer.head_seq, messages }
    }
  }

  private async call<Answer>(
    edge: string,
    method: string,
    path: string,
    body?: unknown,
    token = this.serviceToken,
  ): Promise<{ readonly status: number; readonly answer: Answer }> {
    const response = await fetch(`http://127.0.0.1:${this.edges.get(edge)}${path}`, {
      method,
      headers: {
        ...(token !== '' && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    })
    const text = await response.text()
    return { status: response.status, answer: (text === '' ? {} : JSON.parse(text)) as Answer }
  }
}
