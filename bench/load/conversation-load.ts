import type { Closable, Dialect, Sender, SenderEvents } from './dialect.js'
import { openMany } from './dialect.js'
import { LatencyHistogram } from './latency-histogram.js'
import { AcknowledgementChecker, DeliveryChecker, FaultLog } from './message-checker.js'
import { isText, textTemplate } from './message-text.js'

/**
 * Conversations, each with one sender and its readers, over which a loop (closed or open) sends. Everything that comes
 * back is checked, always; latencies are recorded only while asked for.
 */

/** Send times are kept for so many messages of a sender; more than that in flight is an overload. */
const SENT_AT_COUNT = 8192
const SETTLE_MS_MAX = 20_000
const SETTLE_POLL_MS = 20

export interface Latencies {
  readonly acknowledged: LatencyHistogram
  readonly delivered: LatencyHistogram
}

export interface ConversationSettings {
  readonly conversations: number
  readonly readersEach: number
  readonly textBytes: number
}

/** One sender and what is known of its messages. */
export class Lane implements SenderEvents {
  private readonly load: ConversationLoad
  readonly acknowledgements: AcknowledgementChecker
  readonly deliveries: DeliveryChecker[]
  /** When message k was sent, or was due: at index k mod {@link SENT_AT_COUNT}. */
  private readonly sentAt = new Float64Array(SENT_AT_COUNT)
  private sender: Sender | undefined
  private readers: readonly Closable[] = []
  private closing = false

  constructor(load: ConversationLoad, index: number, readers: number) {
    this.load = load
    this.acknowledgements = new AcknowledgementChecker(`conversation ${index}`, load.faults)
    this.deliveries = Array.from(
      { length: readers },
      (_, reader) => new DeliveryChecker(`conversation ${index} reader ${reader}`, load.faults),
    )
  }

  async open(dialect: Dialect, index: number, textBytes: number): Promise<void> {
    const expected = textTemplate(index, textBytes)
    const opened = await dialect.openConversation(
      index,
      textTemplate(index, textBytes),
      this,
      this.deliveries.map((delivery) => ({
        delivered: (seq, bytes, from, to) => {
          const k = seq - this.acknowledgements.base
          if (delivery.delivered(seq, isText(expected, k, bytes, from, to))) this.load.countDelivered(this.sentAtOf(k))
        },
        closed: (reason) => this.closed(reason),
      })),
    )
    this.acknowledgements.base = opened.base
    for (const delivery of this.deliveries) delivery.begin(opened.base)
    this.sender = opened.sender
    this.readers = opened.readers
  }

  private sentAtOf(k: number): number {
    return this.sentAt[k % SENT_AT_COUNT]!
  }

  /** Queues the next message; `at` is when it is sent, or when it was due. */
  queueNext(at: number): void {
    const k = this.acknowledgements.send()
    if (k - this.acknowledgements.acknowledgedCount > SENT_AT_COUNT) throw new Error('overload: the server lags behind')
    this.sentAt[k % SENT_AT_COUNT] = at
    this.sender!.queue(k)
  }

  flush(): void {
    this.sender!.flush()
  }

  acknowledged(k: number, seq: number, messageIdMatches: boolean): void {
    if (!this.acknowledgements.acknowledged(k, seq, messageIdMatches)) return
    this.load.countAcknowledged(this, this.sentAtOf(k))
  }

  refused(k: number, reason: string): void {
    this.load.faults.add('refused', `message ${k}: ${reason}`)
  }

  chunkRead(): void {
    this.sender?.flush()
  }

  closed(reason: string): void {
    if (!this.closing) this.load.faults.add('connection lost', reason)
  }

  get settled(): boolean {
    const { sentCount, acknowledgedCount } = this.acknowledgements
    return (
      acknowledgedCount === sentCount &&
      this.deliveries.every((delivery) => delivery.deliveredCount >= acknowledgedCount)
    )
  }

  finish(): void {
    this.acknowledgements.finish()
    for (const delivery of this.deliveries) delivery.finish(this.acknowledgements.acknowledgedCount)
  }

  close(): void {
    this.closing = true
    this.sender?.close()
    for (const reader of this.readers) reader.close()
  }
}

export interface Outcome {
  readonly sent: number
  readonly acknowledged: number
  readonly delivered: number
  readonly faults: Readonly<Record<string, number>>
  readonly faultSamples: readonly string[]
}

export class ConversationLoad {
  readonly faults = new FaultLog()
  readonly lanes: Lane[]
  /** Since the start, over all lanes. */
  acknowledgedCount = 0
  deliveredCount = 0
  private latencies: Latencies | undefined
  /** What a loop does when a message is acknowledged; what it queues is flushed at the end of the read. */
  loop: (lane: Lane) => void = () => {}
  /** Told how long each acknowledgement took, by whoever looks at lanes one by one. */
  onAcknowledged: (lane: Lane, tookMs: number) => void = () => {}

  private constructor(settings: ConversationSettings) {
    this.lanes = Array.from(
      { length: settings.conversations },
      (_, index) => new Lane(this, index, settings.readersEach),
    )
  }

  /** Opens all conversations. */
  static async open(dialect: Dialect, settings: ConversationSettings): Promise<ConversationLoad> {
    const load = new ConversationLoad(settings)
    await openMany(settings.conversations, (index) => load.lanes[index]!.open(dialect, index, settings.textBytes))
    return load
  }

  /** From here on latencies are recorded, until `stopRecording`. */
  startRecording(): void {
    this.latencies = { acknowledged: new LatencyHistogram(), delivered: new LatencyHistogram() }
  }

  stopRecording(): Latencies {
    const recorded = this.latencies
    if (recorded === undefined) throw new Error('recording was not started')
    this.latencies = undefined
    return recorded
  }

  countAcknowledged(lane: Lane, sentAt: number): void {
    this.acknowledgedCount++
    const tookMs = performance.now() - sentAt
    this.latencies?.acknowledged.addMillis(tookMs)
    this.onAcknowledged(lane, tookMs)
    this.loop(lane)
  }

  countDelivered(sentAt: number): void {
    this.deliveredCount++
    this.latencies?.delivered.addMillis(performance.now() - sentAt)
  }

  /** Waits until all that was sent is acknowledged and delivered, `settleMsMax` at most; then tells what is missing. */
  async finish(settleMsMax = SETTLE_MS_MAX): Promise<Outcome> {
    const deadline = performance.now() + settleMsMax
    while (!this.lanes.every((lane) => lane.settled) && performance.now() < deadline) await pause(SETTLE_POLL_MS)
    // Doubles come late: leave them time to arrive.
    await pause(SETTLE_POLL_MS * 10)
    for (const lane of this.lanes) lane.finish()
    for (const lane of this.lanes) lane.close()
    let sent = 0
    for (const lane of this.lanes) sent += lane.acknowledgements.sentCount
    return {
      sent,
      acknowledged: this.acknowledgedCount,
      delivered: this.deliveredCount,
      faults: this.faults.summary() as Record<string, number>,
      faultSamples: this.faults.samples,
    }
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
