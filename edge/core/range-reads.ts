import {
  type Answer,
  type AppId,
  type ConversationId,
  type ErrorCode,
  type Millis,
  PAGE_MESSAGES_MAX,
  type Seq,
} from '@chat4all/protocol'
import type { EdgeConfig } from './config.js'
import { type Portion, pieces, portionOf } from './encoded-frames.js'
import type { Pipelines } from './pipelines.js'
import type { Request, RequestOwner } from './slot-pipeline.js'
import type { EdgeEvents } from './world.js'

/** What was missed of a conversation, read once for all who missed it: all that exist in (after, upto], in portions. */
export interface Pages {
  readonly after: Seq
  readonly upto: Seq
  readonly portions: readonly Portion[]
}

export interface RangeReader {
  rangeRead(pages: Pages): void
  rangeFailed(code: ErrorCode): void
}

/** The portion that goes on from `cursor`. */
export function portionAt(pages: Pages, cursor: Seq): Portion | undefined {
  return pages.portions.find((portion) => portion.after <= cursor && cursor < portion.upto)
}

/**
 * Reads of missed messages, single-flight: thousands of sessions that come back at once with the same cursor cause one
 * read at the owner per page. A page stays for a few seconds, for those that come a little later. It cannot be stale:
 * what exists in (after, upto] does not change, and who is at `upto` asks for what follows.
 */
export class RangeReads {
  private readonly flights = new Map<string, Flight>()
  /** In the order in which they were read. */
  private readonly kept = new Map<string, { readonly pages: Pages; readonly bytes: number; readonly until: number }>()
  private keptBytes = 0
  private readonly config: EdgeConfig
  private readonly pipelines: Pipelines
  private readonly events: EdgeEvents

  constructor(config: EdgeConfig, pipelines: Pipelines, events: EdgeEvents) {
    this.config = config
    this.pipelines = pipelines
    this.events = events
  }

  /** The page behind `since`, if it is here; else `reader` is told when it is. */
  read(app: AppId, conversation: ConversationId, since: Seq, reader: RangeReader, now: Millis): Pages | undefined {
    const key = `${conversation} ${since}`
    const kept = this.kept.get(key)
    if (kept !== undefined && kept.until > now) {
      this.events.rangeShared()
      return kept.pages
    }
    const flight = this.flights.get(key)
    if (flight !== undefined) {
      this.events.rangeShared()
      flight.readers.push(reader)
      return undefined
    }
    const begun = new Flight(this, key, conversation, [reader])
    this.flights.set(key, begun)
    this.events.rangeRead()
    this.pipelines.submit({ t: 'read', app, conversation, since, limit: PAGE_MESSAGES_MAX }, begun, 0, now, true)
    return undefined
  }

  /** Set by the edge before it passes frames on: pages are kept from then. */
  now = 0 as Millis

  landed(flight: Flight, answer: Extract<Answer, { type: 'page' }>): void {
    this.flights.delete(flight.key)
    const { conversation } = flight
    const portions = pieces(answer, this.config.portionBytesMax).map((piece) => portionOf(conversation, piece))
    const pages = { after: answer.after, upto: answer.upto, portions }
    // A page that holds nothing new is no answer for those who come later and know that there is more.
    if (answer.upto > answer.after) this.keep(flight.key, pages)
    for (const reader of flight.readers) reader.rangeRead(pages)
  }

  crashed(flight: Flight, code: ErrorCode): void {
    this.flights.delete(flight.key)
    for (const reader of flight.readers) reader.rangeFailed(code)
  }

  private keep(key: string, pages: Pages): void {
    let bytes = 0
    for (const portion of pages.portions) bytes += portion.frame.length
    this.forget(key)
    this.kept.set(key, { pages, bytes, until: this.now + this.config.rangeKeptMs })
    this.keptBytes += bytes
    for (const oldest of this.kept.keys()) {
      if (this.keptBytes <= this.config.rangeBytesMax) break
      this.forget(oldest)
    }
  }

  private forget(key: string): void {
    const kept = this.kept.get(key)
    if (kept === undefined) return
    this.kept.delete(key)
    this.keptBytes -= kept.bytes
  }

  tick(now: Millis): void {
    for (const [key, { until }] of this.kept) {
      if (until > now) break
      this.forget(key)
    }
  }
}

class Flight implements RequestOwner {
  readonly key: string
  readonly conversation: ConversationId
  readonly readers: RangeReader[]
  private readonly reads: RangeReads

  constructor(reads: RangeReads, key: string, conversation: ConversationId, readers: RangeReader[]) {
    this.reads = reads
    this.key = key
    this.conversation = conversation
    this.readers = readers
  }

  acked(): void {}

  replied(_request: Request, answer: Answer): void {
    if (answer.type === 'page') this.reads.landed(this, answer)
    else this.reads.crashed(this, 'INTERNAL')
  }

  refused(_request: Request, code: ErrorCode): void {
    this.reads.crashed(this, code)
  }
}
