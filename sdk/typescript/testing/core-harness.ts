import assert from 'node:assert/strict'
import {
  type ClientFrame,
  type ConversationId,
  type ConversationInfo,
  payload as payloadType,
  type ServerFrame,
  Writer,
} from '@chat4all/protocol'
import { restoredState, savedState } from '../client/saved-state.js'
import { ClientCore } from '../core/client-core.js'
import type { Message } from '../core/message.js'
import { PostRequest } from '../core/requests.js'
import { ME, type ModelServer, messageIdOf, type Session } from './model-server.js'

/** One run of a client's core against the model server, driven step by step, with all that it told. */
export class CoreHarness {
  readonly server: ModelServer
  core: ClientCore
  readonly told = new Map<ConversationId, Message[]>()
  readonly gaps: { conversation: ConversationId; after: number; first: number }[] = []
  readonly sent = new Map<string, number>()
  readonly failed = new Set<string>()
  /** message_ids in the order of `send`, by conversation. */
  readonly posted = new Map<ConversationId, string[]>()
  private readonly starts = new Map<ConversationId, number>()
  private session: Session | undefined
  private posts = 0

  constructor(server: ModelServer) {
    this.server = server
    this.core = this.makeCore()
  }

  private makeCore(): ClientCore {
    const limits = {
      requestsMax: 1000,
      bytesMax: 1_000_000,
      inFlightMax: 4,
      inFlightBytesMax: 10_000,
      deliveredReceipts: true,
    }
    return new ClientCore(limits, {
      emit: (type, event) => {
        if (type === 'message') this.message(event as Message)
        if (type === 'gap') this.gaps.push(event as never)
        if (type === 'sent') {
          const { messageId, seq } = event as { messageId: string; seq: number }
          assert.ok(!this.sent.has(messageId), `${messageId} was told to be sent twice`)
          this.sent.set(messageId, seq)
        }
        if (type === 'failed') this.failed.add((event as { messageId: string }).messageId)
      },
      isHeard: () => true,
      transmit: (frame: ClientFrame) => this.session?.inbound.push(frame),
      opened: () => {},
      ready: () => {},
      restart: () => this.cut(),
      goAway: () => this.cut(),
      fault: () => {},
      unsaved: () => {},
    })
  }

  private message(message: Message): void {
    const messages = this.told.get(message.conversation) ?? []
    const last = messages.at(-1)
    assert.ok(last === undefined || message.seq > last.seq, `seq ${message.seq} was told after ${last?.seq}`)
    messages.push(message)
    this.told.set(message.conversation, messages)
  }

  connect(): void {
    if (this.session !== undefined) return
    this.session = this.server.connect()
    this.session.inbound.push(this.core.hello('token', undefined, undefined))
  }

  cut(): void {
    if (this.session === undefined) return
    this.session = undefined
    this.server.cut()
    this.core.closed()
  }

  /** The program ends at once and starts again with what was saved, which is all. */
  crash(): void {
    const state = savedState(this.core, 'd' as never)
    this.session = undefined
    this.server.cut()
    if (state === undefined) return this.core.closed()
    this.core = this.makeCore()
    this.core.restore(restoredState(JSON.parse(JSON.stringify(state))))
  }

  post(conversation: ConversationId): void {
    const messageId = messageIdOf(++this.posts)
    const writer = new Writer()
    payloadType.write(writer, { type: 'text', text: `mine ${this.posts}` })
    const post = { conversation, messageId, payload: writer.take(), createdAt: this.server.now }
    this.core.request(new PostRequest(post), this.server.now)
    const posted = this.posted.get(conversation) ?? []
    posted.push(messageId)
    this.posted.set(conversation, posted)
    this.core.settle(this.server.now)
  }

  /** Reads one frame of the server. */
  step(): void {
    const frame = this.session?.outbound.shift()
    if (frame !== undefined) this.read(frame)
  }

  private read(frame: ServerFrame): void {
    if (frame.t === 'conversation') this.noteStart(frame.info)
    this.core.heard(this.server.now)
    this.core.received(frame, this.server.now)
    this.core.settle(this.server.now)
  }

  pass(ms: number): void {
    this.server.now += ms
    if (this.core.wakeAt(this.server.now) <= this.server.now) this.core.tick(this.server.now)
  }

  /** Faults are over: everything that is under way arrives, and time passes until nothing more happens. */
  heal(): void {
    this.server.refuseNext = undefined
    this.server.spoilNext = undefined
    // A message that was withheld shows by the next one.
    this.connect()
    for (const stored of this.server.withheld) this.server.post(stored, 'the last')
    for (let round = 0; round < 400; round++) {
      this.connect()
      while ((this.session?.inbound.length ?? 0) + (this.session?.outbound.length ?? 0) > 0) {
        this.server.step()
        this.step()
      }
      this.pass(500)
    }
  }

  /** All that the client must have got and brought about, now that faults are over. */
  check(): void {
    assert.equal(this.core.pending().length, 0, 'everything sent is settled')
    for (const stored of this.server.conversations.values()) {
      const told = this.told.get(stored.id) ?? []
      const seqs = new Set<number>(told.map(({ seq }) => seq))
      for (const { after, first } of this.gaps.filter(({ conversation }) => conversation === stored.id)) {
        assert.ok(after + 1 < first && first <= stored.first, 'a gap is what has expired')
      }
      const start = this.starts.get(stored.id) ?? 0
      for (const { seq } of stored.messages) {
        assert.ok(seqs.has(seq) || seq <= start, `${stored.id}: seq ${seq} was never told`)
      }
      const mine = stored.messages.filter(({ from }) => from === ME)
      const posted = (this.posted.get(stored.id) ?? []).filter((id) => stored.byMessageId.has(id))
      const order = posted.map((id) => stored.byMessageId.get(id)!)
      assert.deepEqual(
        order,
        [...order].sort((a, b) => a - b),
        'own messages have the order in which they were sent',
      )
      assert.equal(new Set(order).size, order.length)
      assert.ok(mine.length <= posted.length)
      for (const id of this.posted.get(stored.id) ?? []) {
        if (this.failed.has(id)) continue
        assert.equal(this.sent.get(id) ?? 'unsettled', stored.byMessageId.get(id), `${id} was told its seq`)
      }
      assert.equal(stored.delivered >= (told.findLast(({ own }) => !own)?.seq ?? 0), true, 'receipts arrived')
    }
  }

  /** Conversations older than the client are followed from the head that they have when it first hears of them. */
  private noteStart({ conversation, created, head }: ConversationInfo): void {
    const { inbox } = this.core
    const isOlder = created < inbox.began! - 10_000
    if (inbox.get(conversation) === undefined && isOlder) this.starts.set(conversation, head)
  }
}
