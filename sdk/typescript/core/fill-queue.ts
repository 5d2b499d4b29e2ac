import type { ConversationId } from '@chat4all/protocol'

/** How many conversations ask for missed messages at once. */
const FILLS_MAX = 8

/** Which conversations have a gap, and whose turn it is to ask for what is missing. */
export class FillQueue {
  private readonly waiting = new Set<ConversationId>()
  private readonly running = new Set<ConversationId>()

  add(conversation: ConversationId): void {
    if (!this.running.has(conversation)) this.waiting.add(conversation)
  }

  /** The next conversation that may ask; it is running from now on. */
  start(): ConversationId | undefined {
    if (this.running.size >= FILLS_MAX) return undefined
    const next = this.waiting.values().next()
    if (next.done) return undefined
    this.waiting.delete(next.value)
    this.running.add(next.value)
    return next.value
  }

  isRunning(conversation: ConversationId): boolean {
    return this.running.has(conversation)
  }

  /** It has what it missed, or gave up for now. */
  end(conversation: ConversationId): void {
    this.running.delete(conversation)
    this.waiting.delete(conversation)
  }

  clear(): void {
    this.waiting.clear()
    this.running.clear()
  }
}
