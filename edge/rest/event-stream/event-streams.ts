import { Chat4AllError, type ConversationId, ERRORS, type Seq } from '@chat4all/protocol'
import type { EventsAnswer } from '@chat4all/protocol/rest'
import type { Records } from '@chat4all/storage'
import type { OpenSession, Sessions, SessionUser } from '../../sessions.js'
import type { ResponseSink, ResponseSource } from '../http/streamed-response.js'
import { EventPage } from './event-page.js'
import { type Cursors, movedOn, parseResumeId, ResumePoints } from './resume-points.js'
import type { ServerEvent } from './server-event.js'
import { SseWriter } from './sse-writer.js'
import { type EventSink, UserEvents } from './user-events.js'

/** Keeps proxies from taking the stream for dead, and the session from being closed as silent. */
const HEARTBEAT_MS = 5_000
const STREAMS_PER_USER_MAX = 16
const RETRY_MS = 1_000

/** Where a client comes back to. */
export type Resume =
  | { readonly kind: 'new' }
  /** It was away for too long. */
  | { readonly kind: 'forgotten' }
  | {
      readonly kind: 'known'
      readonly id: string
      readonly point: { readonly id: string; readonly cursors: Cursors }
      readonly moved: ReadonlyMap<ConversationId, Seq | undefined>
    }

const RESET: ServerEvent = {
  type: 'reset',
  data: { reason: 'The id is not known any more: read what you missed with GET /v1/conversations/…/messages.' },
}

/** The event streams of one edge: server-sent events, and pages of them. */
export class EventStreams {
  private readonly sessions: Sessions
  private readonly points: ResumePoints
  private readonly beats = new Set<() => void>()
  private readonly byUser = new Map<string, number>()
  private timer: NodeJS.Timeout | undefined

  constructor(sessions: Sessions, records: Records) {
    this.sessions = sessions
    this.points = new ResumePoints(records)
  }

  /** @throws Chat4AllError INVALID for what is no id, UNAVAILABLE when it cannot be looked up now. */
  async resume({ app, user }: SessionUser, id: string | undefined): Promise<Resume> {
    if (id === undefined) return { kind: 'new' }
    const parsed = parseResumeId(id)
    if (parsed === undefined) throw new Chat4AllError('INVALID', 'This is not the id of an event.')
    const { point, moved } = parsed
    const cursors = await this.points.load(app, user, point).catch(() => {
      throw new Chat4AllError('UNAVAILABLE', 'Where the client was cannot be looked up now.', RETRY_MS)
    })
    return cursors === undefined ? { kind: 'forgotten' } : { kind: 'known', id, point: { id: point, cursors }, moved }
  }

  /** Counts the user's streams. @throws Chat4AllError RATE_LIMITED. Call what it returns when the stream is over. */
  admit({ app, user }: SessionUser): () => void {
    const key = `${app} ${user}`
    const count = this.byUser.get(key) ?? 0
    if (count >= STREAMS_PER_USER_MAX) {
      throw new Chat4AllError('RATE_LIMITED', `A user has at most ${STREAMS_PER_USER_MAX} streams.`, RETRY_MS)
    }
    this.byUser.set(key, count + 1)
    return () => {
      const left = this.byUser.get(key)! - 1
      if (left === 0) this.byUser.delete(key)
      else this.byUser.set(key, left)
    }
  }

  /** Writes server-sent events for as long as the client is there. `release` is called when that is over. */
  stream(as: SessionUser, resume: Resume, sink: ResponseSink, release: () => void): ResponseSource {
    const writer = new SseWriter(sink)
    if (resume.kind === 'forgotten') writer.event(RESET, undefined)
    const { events, session } = this.open(as, resume, writer)
    const stop = this.beat(() => {
      session?.heard()
      writer.beat()
    })
    return {
      drained: () => session?.drained(),
      closed() {
        stop()
        events.abandon()
        session?.closed()
        release()
      },
    }
  }

  /**
   * Events as soon as there are some, or none after `waitMs`.
   * @throws Chat4AllError when the session failed before anything came.
   */
  async page(as: SessionUser, resume: Resume, waitMs: number): Promise<EventsAnswer> {
    const known = resume.kind === 'known' ? movedOn(resume.point.cursors, resume.moved) : undefined
    const page = new EventPage(waitMs, (conversation) => known?.has(conversation as ConversationId) === true)
    if (resume.kind === 'forgotten') page.event(RESET, undefined)
    const { events, session } = this.open(as, resume, page)
    const stop = this.beat(() => session?.heard())
    try {
      await page.whole
      return { events: page.events, next: events.id ?? null }
    } finally {
      page.close()
      stop()
      events.abandon()
      session?.closed()
    }
  }

  private open(
    as: SessionUser,
    resume: Resume,
    sink: EventSink,
  ): { readonly events: UserEvents; readonly session: OpenSession | undefined } {
    const known = resume.kind === 'known' ? resume : undefined
    const events = new UserEvents(sink, known, (cursors) => this.points.save(as.app, as.user, cursors))
    const cursors = known === undefined ? new Map<ConversationId, Seq>() : movedOn(known.point.cursors, known.moved)
    const session = this.sessions.open(events, as, cursors)
    if (session === undefined) queueMicrotask(() => sink.ended('DRAINING', ERRORS.DRAINING.means))
    return { events, session }
  }

  private beat(beat: () => void): () => void {
    this.beats.add(beat)
    this.timer ??= setInterval(() => {
      for (const each of this.beats) each()
    }, HEARTBEAT_MS).unref()
    return () => {
      this.beats.delete(beat)
      if (this.beats.size > 0) return
      clearInterval(this.timer)
      this.timer = undefined
    }
  }
}
