import type { ErrorCode, Seq } from '@chat4all/protocol'
import type { ConversationFeed } from './conversation-feed.js'
import type { Pages, RangeReader } from './range-reads.js'
import type { Session } from './session.js'

/** Nothing ends this catch-up but reaching what is live. */
export const NO_END = Number.MAX_SAFE_INTEGER as Seq

/**
 * One session that is behind in one conversation. It is pulled along by what its socket takes: one portion at a time,
 * the next when the socket has drained. So someone who was away for a month costs a page of memory, not a month.
 */
export class CatchUp implements RangeReader {
  readonly feed: ConversationFeed
  readonly session: Session
  /** The session has been handed everything up to here. */
  cursor: Seq
  /** The session's user left the conversation with this seq: nothing above it is for this session. */
  until: Seq = NO_END
  pages: Pages | undefined
  reading = false
  /** Over, one way or the other: a page that comes now comes too late. */
  ended = false
  /** Holds one of the session's places for pages. */
  holdsPage = false

  constructor(feed: ConversationFeed, session: Session, cursor: Seq) {
    this.feed = feed
    this.session = session
    this.cursor = cursor
  }

  rangeRead(pages: Pages): void {
    this.reading = false
    if (this.ended) return
    this.pages = pages
    // A page that leads nowhere although there is more: the owner errs. Better a new session than a loop.
    if (pages.upto <= this.cursor) this.rangeFailed('INTERNAL')
    else this.feed.pump(this)
  }

  rangeFailed(code: ErrorCode): void {
    this.reading = false
    if (this.ended) return
    // The conversation was erased while its last messages were on their way: nothing of it is left to be seen.
    if (code === 'NOT_FOUND' && this.until !== NO_END) return this.feed.endAt(this)
    this.session.fail('INTERNAL', 'what was missed could not be read')
  }
}
