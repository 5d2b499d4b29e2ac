import {
  type ConversationId,
  type ErrorCode,
  errorCodeOfWire,
  frameCodec,
  SERVER_FRAMES,
  type Seq,
  type ServerFrame,
} from '@chat4all/protocol'
import type { ClientSocket } from '../../core/index.js'
import { type Cursors, formatResumeId, ID_CHARACTERS_MAX, movedOn } from './resume-points.js'
import { eventsOf, type ServerEvent } from './server-event.js'

/** Where events go. Neither method calls back. */
export interface EventSink {
  /** Bytes that the client has not taken yet. */
  readonly bufferedBytes: number
  event(event: ServerEvent, id: string | undefined): void
  /** Nothing follows. `code` says why. */
  ended(code: ErrorCode, detail: string): void
}

/** Where a client comes back to. */
export interface ResumedAt {
  readonly id: string
  readonly point: { readonly id: string; readonly cursors: Cursors }
  readonly moved: ReadonlyMap<ConversationId, Seq | undefined>
}

const codec = frameCodec(SERVER_FRAMES)

/**
 * Frames of a session become events with ids, in the order in which they came. An event gets its id only when the point
 * that the id builds on is stored: until then it waits, and so does all behind it. So no client ever has an id that
 * nobody understands, and none is told anything before it could come back to there.
 */
export class UserEvents implements ClientSocket {
  private readonly sink: EventSink
  private readonly savePoint: (cursors: Cursors) => Promise<string>
  private point: ResumedAt['point'] | undefined
  private readonly moved = new Map<ConversationId, Seq | undefined>()
  private movedCharacters = 0
  private frames: { readonly bytes: Uint8Array }[] = []
  private waitingBytes = 0
  private events: ServerEvent[] = []
  private saving = false
  private ending: { code: ErrorCode; detail: string } | undefined
  private over = false

  private toldId: string | undefined

  /** @param from where the client comes back to; undefined: it is new */
  constructor(sink: EventSink, from: ResumedAt | undefined, savePoint: (cursors: Cursors) => Promise<string>) {
    this.sink = sink
    this.savePoint = savePoint
    this.point = from?.point
    this.toldId = from?.id
    for (const [conversation, seq] of from?.moved ?? []) this.move(conversation, seq)
  }

  get bufferedBytes(): number {
    return this.waitingBytes + this.sink.bufferedBytes
  }

  /** The id that the client has once it has what the sink was told. */
  get id(): string | undefined {
    return this.toldId
  }

  write(bytes: Uint8Array): void {
    if (this.over || this.ending !== undefined) return
    this.frames.push({ bytes })
    this.waitingBytes += bytes.length
    this.pump()
  }

  close(_code: number, reason: string, discard: boolean): void {
    if (this.over) return
    if (discard) this.forgetWaiting()
    this.ending ??= { code: reason as ErrorCode, detail: reason }
    this.pump()
  }

  /** The connection is gone: nothing goes to the sink any more. */
  abandon(): void {
    this.over = true
    this.forgetWaiting()
  }

  private forgetWaiting(): void {
    this.frames = []
    this.events = []
    this.waitingBytes = 0
  }

  private pump(): void {
    while (!this.saving && !this.over) {
      const event = this.events.shift()
      if (event !== undefined) this.tell(event)
      else if (this.frames.length > 0) this.take()
      else if (this.ending !== undefined) return this.end(this.ending)
      else return
    }
  }

  private take(): void {
    const { bytes } = this.frames.shift()!
    this.waitingBytes -= bytes.length
    codec.decodeAll(bytes, (frame) => this.note(frame))
  }

  private note(frame: ServerFrame): void {
    // Of a session that fails: `close` follows and ends the stream with the code.
    if (frame.t === 'error') this.ending = { code: errorCodeOfWire(frame.code), detail: frame.detail }
    // Where a new client begins: at the head that it is told.
    if (frame.t === 'conversation') {
      const { conversation, head } = frame.info
      if (!this.knows(conversation)) this.move(conversation, head)
    }
    if (frame.t === 'deliver' && frame.messages.length === 0) this.move(frame.conversation, frame.upto)
    this.events.push(...eventsOf(frame))
  }

  private knows(conversation: ConversationId): boolean {
    if (this.moved.has(conversation)) return this.moved.get(conversation) !== undefined
    return this.point?.cursors.has(conversation) === true
  }

  private move(conversation: ConversationId, seq: Seq | undefined): void {
    if (!this.moved.has(conversation)) this.movedCharacters += conversation.length + SEQ_CHARACTERS_MAX
    this.moved.set(conversation, seq)
  }

  private tell(event: ServerEvent): void {
    const { reaches, type } = event
    if (reaches !== undefined) this.move(reaches.conversation, reaches.seq)
    const begins = this.point === undefined && type === 'ready'
    if (begins || (this.point !== undefined && this.movedCharacters > ID_CHARACTERS_MAX)) return this.save(event)
    if (this.point === undefined || EPHEMERAL.has(type)) return this.sink.event(event, undefined)
    this.toldId = formatResumeId({ point: this.point.id, moved: this.moved })
    this.sink.event(event, this.toldId)
  }

  /** `event` waits for the point. */
  private save(event: ServerEvent): void {
    this.saving = true
    const cursors = movedOn(this.point?.cursors ?? new Map(), this.moved)
    this.savePoint(cursors).then(
      (id) => {
        this.saving = false
        if (this.over) return
        this.point = { id, cursors }
        this.moved.clear()
        this.movedCharacters = 0
        this.toldId = id
        this.sink.event(event, id)
        this.pump()
      },
      () => {
        this.saving = false
        this.end({ code: 'UNAVAILABLE', detail: 'where the client is could not be stored' })
      },
    )
  }

  private end({ code, detail }: { code: ErrorCode; detail: string }): void {
    if (this.over) return
    this.abandon()
    this.sink.ended(code, detail)
  }
}

/** `:`, `!` and a seq in base 36. */
const SEQ_CHARACTERS_MAX = 13
const EPHEMERAL = new Set(['typing', 'presence'])
