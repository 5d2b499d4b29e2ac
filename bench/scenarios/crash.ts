import { randomBytes } from 'node:crypto'
import { type ConversationId, type Cseq, type ServerFrame, seq, type UserId } from '@chat4all/protocol'
import { pause } from '../load/conversation-load.js'
import { openMany, type Target } from '../load/dialect.js'
import { isCreated, messageEvents } from '../load/dialects/chat4all.js'
import {
  Chat4AllSession,
  isMessageId,
  messageIdOf,
  newIdPrefix,
  SendTemplate,
} from '../load/dialects/chat4all-session.js'
import { userTokens } from '../load/dialects/chat4all-tokens.js'
import { AcknowledgementChecker, DeliveryChecker, FaultLog } from '../load/message-checker.js'
import { isText, textTemplate } from '../load/message-text.js'
import type { CrashSettings } from './settings.js'

/**
 * kill -9 under load, restart, again and again: every acknowledged message must be there once, at its seq, in order,
 * in what readers were shown live and after resuming, and in the history read at the end.
 *
 * Clients behave as the protocol asks: after a lost connection a reader comes back with its cursor, and a sender sends
 * what is unacknowledged again, in order, with the same message_ids, marked `retry`. So message k must always get seq
 * base + k, whichever of them the dead server had stored.
 */

const RETRY_MS = 50
const SETTLE_MS_MAX = 60_000
const PAGE = 500

export interface CrashableServer {
  readonly target: Target
  kill(): Promise<void>
  restart(): Promise<void>
}

export interface CrashRound {
  readonly acknowledgedBefore: number
  /** From the kill until /readyz was good again. */
  readonly readyMs: number
  /** From the kill until every sender and reader had a session again. */
  readonly reconnectedMs: number
}

export interface CrashResult {
  readonly rounds: readonly CrashRound[]
  readonly sent: number
  readonly acknowledged: number
  readonly delivered: number
  /** Messages found in the history at the end. */
  readonly stored: number
  /** Messages that senders had to send again. */
  readonly sentAgain: number
  readonly faults: Readonly<Record<string, number>>
  readonly faultSamples: readonly string[]
}

export async function runCrash(server: CrashableServer, settings: CrashSettings): Promise<CrashResult> {
  const faults = new FaultLog()
  const pairs = await openMany(settings.pairs, (index) => CrashPair.open(index, server, settings, faults))
  for (const pair of pairs) pair.startSending()
  const rounds: CrashRound[] = []
  const settleMsMax = settings.settleMsMax ?? SETTLE_MS_MAX
  const acknowledged = (): number => pairs.reduce((sum, pair) => sum + pair.acknowledgements.acknowledgedCount, 0)
  for (let kill = 0; kill < settings.kills; kill++) {
    const acknowledgedSoFar = acknowledged()
    await pause(settings.loadMs)
    // A kill before anything was acknowledged would show nothing.
    await until(() => acknowledged() > acknowledgedSoFar, settleMsMax)
    const acknowledgedBefore = acknowledged()
    await server.kill()
    const killedAt = performance.now()
    await server.restart()
    const readyAt = performance.now()
    await until(() => pairs.every((pair) => pair.connected), settleMsMax)
    rounds.push({ acknowledgedBefore, readyMs: readyAt - killedAt, reconnectedMs: performance.now() - killedAt })
  }
  await pause(settings.loadMs)
  for (const pair of pairs) pair.stopSending()
  await until(() => pairs.every((pair) => pair.settled), settleMsMax)
  for (const pair of pairs) pair.finish()
  const stored = await openMany(pairs.length, (index) => pairs[index]!.checkHistory(), 8)
  for (const pair of pairs) pair.close()
  return {
    rounds,
    sent: pairs.reduce((sum, pair) => sum + pair.acknowledgements.sentCount, 0),
    acknowledged: acknowledged(),
    delivered: pairs.reduce((sum, pair) => sum + pair.deliveries.deliveredCount, 0),
    stored: stored.reduce((sum, count) => sum + count, 0),
    sentAgain: pairs.reduce((sum, pair) => sum + pair.sentAgain, 0),
    faults: faults.summary() as Record<string, number>,
    faultSamples: faults.samples,
  }
}

async function until(condition: () => boolean, msMax: number): Promise<void> {
  const deadline = performance.now() + msMax
  while (!condition() && performance.now() < deadline) await pause(10)
}

const isPage = (frame: ServerFrame): frame is Extract<ServerFrame, { t: 'page' }> => frame.t === 'page'

/** A sender and a reader that survive the server. */
class CrashPair {
  readonly acknowledgements: AcknowledgementChecker
  readonly deliveries: DeliveryChecker
  sentAgain = 0
  private readonly index: number
  private readonly server: CrashableServer
  private readonly settings: CrashSettings
  private readonly faults: FaultLog
  private readonly idPrefix = newIdPrefix()
  private readonly text: Buffer
  private readonly readerName: UserId
  private senderToken = ''
  private readerToken = ''
  private conversation: ConversationId = '' as ConversationId
  private template!: SendTemplate
  private sender: Chat4AllSession | undefined
  private reader: Chat4AllSession | undefined
  /** cseq of the session's last frame. */
  private cseq = 0
  /** Messages by the cseq under which this session sent them. */
  private messageOfCseq = new Map<number, number>()
  /** What the sender had seen when it first sent each message that has no answer yet. */
  private readonly unacknowledged = new Map<number, number>()
  /** Highest seq that the sender was told of. */
  private seen = 0
  private sending = false
  private closing = false

  static async open(
    index: number,
    server: CrashableServer,
    settings: CrashSettings,
    faults: FaultLog,
  ): Promise<CrashPair> {
    const pair = new CrashPair(index, server, settings, faults)
    await pair.setUp()
    return pair
  }

  private constructor(index: number, server: CrashableServer, settings: CrashSettings, faults: FaultLog) {
    this.index = index
    this.server = server
    this.settings = settings
    this.faults = faults
    this.text = textTemplate(index, settings.textBytes)
    this.readerName = `cr${index}-${randomBytes(4).toString('hex')}` as UserId
    this.acknowledgements = new AcknowledgementChecker(`pair ${index}`, faults)
    this.deliveries = new DeliveryChecker(`pair ${index}`, faults)
  }

  private async setUp(): Promise<void> {
    const tokenOf = userTokens(this.server.target)
    this.senderToken = await tokenOf(`cs${this.index}-${randomBytes(4).toString('hex')}`)
    this.readerToken = await tokenOf(this.readerName)
    await this.connectSender()
    const { info } = await this.sender!.ask(
      {
        t: 'create',
        cseq: ++this.cseq as Cseq,
        type: 'private',
        members: [this.readerName],
        message_id: messageIdOf(newIdPrefix(), 0),
      },
      isCreated,
    )
    this.conversation = info.conversation
    this.acknowledgements.base = info.head
    this.deliveries.begin(info.head)
    this.template = new SendTemplate(info.conversation, this.idPrefix, this.text)
    await this.connectReader()
  }

  get connected(): boolean {
    return this.sender !== undefined && this.reader !== undefined
  }

  get settled(): boolean {
    return this.unacknowledged.size === 0 && this.deliveries.deliveredCount >= this.acknowledgements.acknowledgedCount
  }

  startSending(): void {
    this.sending = true
    this.fill()
  }

  /** Keeps the agreed number of messages in flight. */
  private fill(): void {
    const sender = this.sender
    if (sender === undefined || !this.sending) return
    while (this.unacknowledged.size < this.settings.inFlight) {
      const k = this.acknowledgements.send()
      this.unacknowledged.set(k, this.seen)
      this.queue(sender, this.template, k, this.seen)
    }
    sender.flush()
  }

  stopSending(): void {
    this.sending = false
  }

  finish(): void {
    this.acknowledgements.finish()
    this.deliveries.finish(this.acknowledgements.acknowledgedCount)
  }

  close(): void {
    this.closing = true
    this.sender?.close()
    this.reader?.close()
  }

  private queue(sender: Chat4AllSession, template: SendTemplate, k: number, seen: number): void {
    this.messageOfCseq.set(++this.cseq, k)
    sender.queue(template.patch(this.cseq, k, seen))
  }

  private async connectSender(): Promise<void> {
    this.cseq = 0
    this.messageOfCseq = new Map()
    const sender = await Chat4AllSession.open(
      { port: this.server.target.port, token: this.senderToken },
      messageEvents({
        sent: (cseq, bytes, idAt, at) => {
          this.seen = Math.max(this.seen, at)
          const k = this.messageOfCseq.get(cseq)
          if (k === undefined) return
          this.messageOfCseq.delete(cseq)
          this.unacknowledged.delete(k)
          this.acknowledgements.acknowledged(k, at, isMessageId(this.idPrefix, k, bytes, idAt))
        },
        other: (frame) => {
          if (frame.t === 'busy') this.faults.add('refused', `pair ${this.index}: busy ${frame.code}`)
          if (frame.t === 'error') this.faults.add('refused', `pair ${this.index}: error ${frame.code} ${frame.detail}`)
        },
        chunkRead: () => this.fill(),
        closed: () => {
          // Lost while it was being opened: whoever opens it hears of that, and tries again.
          if (this.sender === undefined) return
          this.sender = undefined
          void this.comeBack(() => this.connectSender())
        },
      }),
    )
    this.sender = sender
    // In the order in which they were sent first: a Map keeps it.
    for (const [k, seen] of this.unacknowledged) {
      this.sentAgain++
      this.queue(sender, this.template, k, seen)
    }
    sender.flush()
    this.fill()
  }

  private async connectReader(): Promise<void> {
    const { base } = this.acknowledgements
    const had = base + this.deliveries.deliveredCount
    this.reader = await Chat4AllSession.open(
      {
        port: this.server.target.port,
        token: this.readerToken,
        cursors: [{ conversation: this.conversation, seq: seq(had) }],
      },
      messageEvents({
        delivered: (at, bytes, from, to) => {
          if (at > base) this.deliveries.delivered(at, isText(this.text, at - base, bytes, from, to))
        },
        other: (frame) => {
          if (frame.t === 'resumed' && !frame.recovered)
            this.faults.add('gap before delivery', `pair ${this.index}: resumed says recovered: false`)
        },
        closed: () => {
          if (this.reader === undefined) return
          this.reader = undefined
          void this.comeBack(() => this.connectReader())
        },
      }),
    )
  }

  private async comeBack(connect: () => Promise<void>): Promise<void> {
    while (!this.closing) {
      await pause(RETRY_MS * (0.5 + Math.random()))
      try {
        return await connect()
      } catch {
        // The server is still down.
      }
    }
  }

  /** Reads the whole history with a new session and compares it with what was acknowledged. Returns the count. */
  async checkHistory(): Promise<number> {
    const session = await Chat4AllSession.open(
      { port: this.server.target.port, token: this.readerToken },
      messageEvents({}),
    )
    const { base } = this.acknowledgements
    const history = new DeliveryChecker(`pair ${this.index} history`, this.faults, base)
    let after = base
    for (let ask = 1; ; ask++) {
      const page = await session.ask(
        { t: 'history', ask, conversation: this.conversation, since: seq(after), limit: PAGE },
        isPage,
      )
      for (const message of page.messages) {
        const k = message.seq - base
        const bytes = message.payload.type === 'text' ? Buffer.from(message.payload.text) : Buffer.alloc(0)
        history.delivered(message.seq, isText(this.text, k, bytes, 0, bytes.length))
        if (!isMessageId(this.idPrefix, k, Buffer.from(message.message_id), 0))
          this.faults.add(
            'delivered with other content',
            `pair ${this.index} history: message_id at seq ${message.seq}`,
          )
      }
      if (page.upto >= page.head || page.upto <= after) break
      after = page.upto
    }
    session.close()
    history.finish(this.acknowledgements.acknowledgedCount)
    return history.deliveredCount
  }
}
