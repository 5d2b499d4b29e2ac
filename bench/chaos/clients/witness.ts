import type { ConversationInfo, ServerFrame } from '@chat4all/protocol'
import type { Recorder } from '../history/history-file.js'
import { digestOf, type Request } from './request.js'
import { seenInFrame } from './seen-message.js'

type Frame<T extends ServerFrame['t']> = Extract<ServerFrame, { t: T }>

/** Writes down what a device does and is told, over which session at which edge. */
export class Witness {
  private readonly device: string
  private readonly user: string
  private readonly recorder: Recorder

  constructor(device: string, user: string, recorder: Recorder) {
    this.device = device
    this.user = user
    this.recorder = recorder
  }

  private get at(): number {
    return this.recorder.now()
  }

  connected(session: string, edge: string, had: ReadonlyMap<string, number>): void {
    const { at, device } = this
    this.recorder.record({ type: 'connected', at, device, session, edge, had: Object.fromEntries(had) })
  }

  closed(session: string, edge: string, wanted: boolean, reason: string): void {
    const { at, device } = this
    this.recorder.record({ type: 'closed', at, device, session, edge, wanted, reason })
  }

  sending(edge: string, request: Request, again: boolean): void {
    const { at, device, user } = this
    const { conversation, id } = request
    const content = digestOf(request)
    this.recorder.record({
      type: 'sending',
      at,
      device,
      user,
      edge,
      way: 'socket',
      conversation,
      id,
      again,
      ...(content !== undefined && { content }),
    })
  }

  sent(edge: string, { conversation, id }: Request, seq: number): void {
    const { at, device } = this
    this.recorder.record({ type: 'sent', at, device, edge, way: 'socket', conversation, id, seq })
  }

  refused(edge: string, { conversation, id }: Request, code: string): void {
    const { at, device } = this
    this.recorder.record({ type: 'refused', at, device, edge, way: 'socket', conversation, id, code })
  }

  begins(session: string, conversation: string, after: number, resumed: boolean): void {
    this.recorder.record({ type: 'begins', at: this.at, session, conversation, after, resumed })
  }

  left(session: string, conversation: string): void {
    this.recorder.record({ type: 'left', at: this.at, session, conversation })
  }

  delivered(session: string, { conversation, after, upto, messages: told }: Frame<'deliver'>): void {
    const { at, device } = this
    const messages = told.map(seenInFrame)
    this.recorder.record({ type: 'delivered', at, device, session, conversation, after, upto, messages })
  }

  marking(conversation: string, delivered: number, read: number): void {
    const { at, user } = this
    this.recorder.record({ type: 'marking', at, user, way: 'socket', conversation, delivered, read })
  }

  receipts(by: string, { conversation, user, delivered, read }: Frame<'receipts'>): void {
    this.recorder.record({ type: 'cursors', at: this.at, by, conversation, user, delivered, read })
  }

  /** The members' cursors of a conversation; `askedAt`: in answer to a question of then. */
  members(by: string, { conversation, members = [] }: ConversationInfo, askedAt?: number): void {
    const { at } = this
    const asked = askedAt === undefined ? {} : { askedAt }
    for (const { user, delivered, read } of members) {
      this.recorder.record({ type: 'cursors', ...asked, at, by, conversation, user, delivered, read })
    }
  }
}
