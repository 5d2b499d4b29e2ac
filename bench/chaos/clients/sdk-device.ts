import { messageIdToBytes } from '@chat4all/protocol'
import { Client, type ClientEvents, type Message } from '@chat4all/sdk'
import { WebSocket } from '@chat4all/sdk/node'
import { contentDigest } from '../history/content-digest.js'
import type { Recorder } from '../history/history-file.js'
import { seenInFrame } from './seen-message.js'

/**
 * A user of the TypeScript SDK. It promises each message once and in order over all connections that it makes: so its
 * whole life is written down as one session.
 */

export interface SdkDeviceOptions {
  readonly name: string
  readonly user: string
  readonly token: string
  /** The one edge that it knows. */
  readonly edge: string
  readonly port: number
  readonly recorder: Recorder
}

export class SdkDevice {
  readonly name: string
  readonly user: string
  private readonly client: Client
  private readonly recorder: Recorder
  private readonly edge: string
  private connections = 0
  private online = false
  private closing = false

  constructor(options: SdkDeviceOptions) {
    const { name, user, token, edge, port, recorder } = options
    this.name = name
    this.user = user
    this.edge = edge
    this.recorder = recorder
    this.client = new Client({
      url: `http://127.0.0.1:${port}`,
      token,
      WebSocket,
      agent: 'chat4all-chaos-sdk',
      // Only what the workload marks is marked, so that the history knows how far a cursor may stand.
      deliveredReceipts: false,
      backoff: { msBase: 100, msMax: 2_000 },
    })
    recorder.record({ type: 'connected', at: recorder.now(), device: name, session: name, edge, had: {} })
    this.client.on('message', (message) => this.message(message))
    this.client.on('state', (state) => this.state(state))
    this.client.on('removed', ({ conversation }) =>
      recorder.record({ type: 'left', at: recorder.now(), session: name, conversation }),
    )
    this.client.on('receipts', ({ conversation, user: member, delivered, read }) =>
      recorder.record({
        type: 'cursors',
        at: recorder.now(),
        by: name,
        conversation,
        user: member,
        delivered,
        read,
      }),
    )
  }

  connect(): Promise<void> {
    return this.client.connect()
  }

  get ready(): boolean {
    return this.client.state.status === 'online'
  }

  get unanswered(): number {
    return this.client.pending().length
  }

  hadUpTo(conversation: string): number {
    return this.client.conversation(conversation)?.head ?? 0
  }

  isMember(conversation: string): boolean {
    return this.client.conversation(conversation) !== undefined
  }

  send(conversation: string, id: string, text: string): void {
    const { recorder, name, user, edge } = this
    const about = { device: name, edge, way: 'socket', conversation, id } as const
    const content = contentDigest(user, 'text', text)
    recorder.record({ type: 'sending', at: recorder.now(), user, again: false, content, ...about })
    this.client.send(conversation, text, { messageId: id }).result.then(
      ({ seq }) => recorder.record({ type: 'sent', at: recorder.now(), ...about, seq }),
      (error: { code?: string }) =>
        recorder.record({ type: 'refused', at: recorder.now(), ...about, code: error.code ?? 'INTERNAL' }),
    )
  }

  markRead(conversation: string): void {
    const read = this.hadUpTo(conversation)
    if (read === 0) return
    const at = this.recorder.now()
    this.recorder.record({ type: 'marking', at, user: this.user, way: 'socket', conversation, delivered: read, read })
    this.client.markRead(conversation, read)
  }

  close(): Promise<void> {
    this.closing = true
    return this.client.close()
  }

  private message({ conversation, seq, messageId, from, time, payload }: Message): void {
    const seen = seenInFrame({ seq, message_id: messageIdToBytes(messageId), from, time, payload })
    this.recorder.record({
      type: 'delivered',
      at: this.recorder.now(),
      device: this.name,
      session: this.name,
      conversation,
      after: seq - 1,
      upto: seq,
      messages: [seen],
    })
  }

  private state(state: ClientEvents['state']): void {
    const wasOnline = this.online
    this.online = state.status === 'online'
    if (this.online && !wasOnline) this.connections++
    if (this.online || !wasOnline) return
    this.recorder.record({
      type: 'closed',
      at: this.recorder.now(),
      device: this.name,
      session: `${this.name} connection ${this.connections}`,
      edge: this.edge,
      wanted: this.closing,
      reason: (state.status === 'offline' && state.reason?.message) || 'lost',
    })
  }
}
