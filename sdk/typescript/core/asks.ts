import {
  Chat4AllError,
  type ClientFrame,
  type ConversationId,
  ERRORS,
  type Seq,
  type ServerFrame,
} from '@chat4all/protocol'
import { Deadlines } from './deadlines.js'

export type PageFrame = Extract<ServerFrame, { t: 'page' }>
type HistoryFrame = Extract<ClientFrame, { t: 'history' }>
type Transmit = (frame: HistoryFrame) => void

export interface Ask {
  readonly conversation: ConversationId
  readonly since?: Seq
  readonly before?: Seq
  readonly limit: number
  /** Asked again in the next session; dropped at the end of this one otherwise. */
  readonly survivesReconnect: boolean
  answered(page: PageFrame, now: number): void
  failed(error: Chat4AllError, now: number): void
}

const ANSWER_MS_MAX = 30_000
const RETRY_MS = 500

/** Questions for pages of history, and who waits for the answers. */
export class Asks {
  private lastNumber = 0
  private readonly open = new Map<number, Ask>()
  private readonly deadlines = new Deadlines<number>()
  /** Questions that the server could not answer just then, and when to ask again. */
  private readonly retries = new Deadlines<number>()

  get wakeAt(): number {
    return Math.min(this.deadlines.wakeAt, this.retries.wakeAt)
  }

  /** `transmit` is undefined while there is no session: the question waits for one. */
  add(ask: Ask, now: number, transmit: Transmit | undefined): void {
    const number = ++this.lastNumber
    this.open.set(number, ask)
    this.deadlines.set(number, now + ANSWER_MS_MAX)
    if (transmit !== undefined) transmit(frameOf(number, ask))
  }

  /** A session is open: asks all that is unanswered. */
  opened(transmit: Transmit): void {
    this.retries.clear()
    for (const [number, ask] of this.open) transmit(frameOf(number, ask))
  }

  closed(): void {
    for (const [number, ask] of this.open) {
      if (!ask.survivesReconnect) this.take(number)
    }
  }

  answered(page: PageFrame, now: number): void {
    this.take(page.ask)?.answered(page, now)
  }

  /** Refused by the server: for good, or to be asked again while there is time. */
  refused(number: number, error: Chat4AllError, now: number): void {
    if (ERRORS[error.code].retry !== 'after') this.failed(number, error, now)
    else if (this.open.has(number)) this.retries.set(number, now + RETRY_MS)
  }

  private failed(number: number, error: Chat4AllError, now: number): void {
    this.take(number)?.failed(error, now)
  }

  failAll(error: Chat4AllError, now: number): void {
    for (const number of [...this.open.keys()]) this.failed(number, error, now)
  }

  /** `transmit` is undefined while there is no session. */
  tick(now: number, transmit: Transmit | undefined): void {
    for (const number of this.retries.take(now)) {
      const ask = this.open.get(number)
      if (ask !== undefined) transmit?.(frameOf(number, ask))
    }
    for (const number of this.deadlines.take(now)) {
      this.failed(number, new Chat4AllError('UNAVAILABLE', `No answer within ${ANSWER_MS_MAX / 1000} s.`), now)
    }
  }

  private take(number: number): Ask | undefined {
    const ask = this.open.get(number)
    this.open.delete(number)
    this.deadlines.delete(number)
    this.retries.delete(number)
    return ask
  }
}

function frameOf(ask: number, { conversation, since, before, limit }: Ask): HistoryFrame {
  return {
    t: 'history',
    ask,
    conversation,
    limit,
    ...(since !== undefined && { since }),
    ...(before !== undefined && { before }),
  }
}
