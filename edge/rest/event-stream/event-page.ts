import { Chat4AllError, type ErrorCode } from '@chat4all/protocol'
import type { EventData, StreamEvent } from '@chat4all/protocol/rest'
import type { ServerEvent } from './server-event.js'
import type { EventSink } from './user-events.js'

/** What else is on its way when the first event of a page has come. */
const LINGER_MS = 20
/** So long the conversations, and what was missed in them, may take. */
const SETTLE_MS = 5_000
const PAGE_BYTES_MAX = 512 * 1024
const RETRY_MS = 1_000

/** Gathers the events of one page of long polling, and says when it is over. */
export class EventPage implements EventSink {
  readonly events: StreamEvent[] = []
  /** Resolves when the page is whole, rejects when the session failed before anything came. */
  readonly whole: Promise<void>
  private bytes = 0
  private isReady = false
  /** Conversations in which something missed is still on its way, and up to where. */
  private readonly missing = new Map<string, number>()
  private readonly isKnown: (conversation: string) => boolean
  private readonly waitMs: number
  private readonly deadline: NodeJS.Timeout
  private linger: NodeJS.Timeout | undefined
  private end!: () => void
  private fail!: (error: Chat4AllError) => void

  /** @param isKnown whether the client knows the conversation from before */
  constructor(waitMs: number, isKnown: (conversation: string) => boolean) {
    this.isKnown = isKnown
    this.waitMs = waitMs
    this.whole = new Promise((resolve, reject) => {
      this.end = resolve
      this.fail = reject
    })
    this.deadline = setTimeout(() => this.end(), Math.max(waitMs, SETTLE_MS))
  }

  get bufferedBytes(): number {
    return this.bytes
  }

  event({ type, data, reaches }: ServerEvent, id: string | undefined): void {
    if (type === 'ready') this.becomeReady()
    else if (type === 'resumed') this.resumed(data as EventData & { upto: number; after: number })
    if (type === 'message' && reaches !== undefined) this.caughtUp(reaches.conversation, reaches.seq ?? 0)
    if (type === 'ready' || this.isNoNews(type, data)) return this.endIfDue()
    const event = { type, ...(id !== undefined && { id }), data }
    this.events.push(event)
    this.bytes += JSON.stringify(event).length
    if (this.bytes > PAGE_BYTES_MAX) this.end()
    this.endIfDue()
  }

  ended(code: ErrorCode, detail: string): void {
    if (this.events.length > 0) this.end()
    else this.fail(new Chat4AllError(code, detail, RETRY_MS))
  }

  close(): void {
    clearTimeout(this.deadline)
    clearTimeout(this.linger)
  }

  /** What every poll would repeat. */
  private isNoNews(type: string, data: EventData): boolean {
    if (this.isReady) return false
    if (type === 'presence') return true
    if (type === 'resumed') return 'recovered' in data && data.recovered
    return type === 'conversation' && 'conversation_id' in data && this.isKnown(data.conversation_id)
  }

  private resumed(data: { upto: number; after: number } & EventData): void {
    if (data.upto > data.after && 'conversation_id' in data) this.missing.set(data.conversation_id, data.upto)
  }

  private caughtUp(conversation: string, seq: number): void {
    const upto = this.missing.get(conversation)
    if (upto !== undefined && seq >= upto) this.missing.delete(conversation)
  }

  private becomeReady(): void {
    this.isReady = true
    if (this.waitMs >= SETTLE_MS) return
    // Who waits for less than what is there may take waits no longer, once that is there.
    const waited = this.missing.size === 0 ? this.waitMs : SETTLE_MS
    setTimeout(() => this.end(), waited).unref()
  }

  private endIfDue(): void {
    if (!this.isReady || this.missing.size > 0 || this.linger !== undefined) return
    if (this.events.length > 0 || this.waitMs === 0) this.linger = setTimeout(() => this.end(), LINGER_MS)
  }
}
