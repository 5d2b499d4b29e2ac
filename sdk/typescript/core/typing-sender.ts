import type { ClientFrame, ConversationId } from '@chat4all/protocol'
import { Deadlines } from './deadlines.js'

type TypingFrame = Extract<ClientFrame, { t: 'typing' }>
type Transmit = (frame: TypingFrame) => void

const REPEAT_MS = 3_000
const STOP_MS = 5_000
/** How long another member types after its last frame: one repetition may be lost. */
export const TYPING_EXPIRES_MS = 2 * REPEAT_MS + 1_000

/** Tells that this user types: on the first key, again while it lasts, and that it stopped when no key follows. */
export class TypingSender {
  private readonly sentAt = new Map<ConversationId, number>()
  private readonly stops = new Deadlines<ConversationId>()

  get wakeAt(): number {
    return this.stops.wakeAt
  }

  key(conversation: ConversationId, now: number, transmit: Transmit): void {
    this.stops.set(conversation, now + STOP_MS)
    const sentAt = this.sentAt.get(conversation)
    if (sentAt !== undefined && now - sentAt < REPEAT_MS) return
    this.sentAt.set(conversation, now)
    transmit({ t: 'typing', conversation, on: true })
  }

  stop(conversation: ConversationId, transmit: Transmit): void {
    this.stops.delete(conversation)
    if (this.sentAt.delete(conversation)) transmit({ t: 'typing', conversation, on: false })
  }

  /** A message is sent: it says by itself that the typing is over. */
  forget(conversation: ConversationId): void {
    this.stops.delete(conversation)
    this.sentAt.delete(conversation)
  }

  tick(now: number, transmit: Transmit): void {
    for (const conversation of this.stops.take(now)) this.stop(conversation, transmit)
  }

  clear(): void {
    this.sentAt.clear()
    this.stops.clear()
  }
}
