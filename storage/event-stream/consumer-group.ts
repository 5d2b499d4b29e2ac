import type { StreamEvent } from './port.js'
import { RetryPause } from './retry-pause.js'

/** Conversations are spread over so many partitions, as in a topic of Kafka; a consumer gets whole ones. */
const PARTITIONS = 16
/** Events handed to a consumer at a time. */
const EVENTS_AT_ONCE = 256

export interface Consumer {
  onEvents(events: readonly StreamEvent[]): Promise<void>
}

/**
 * Hands events to the consumers of one group: those of a conversation one after the other, never two calls at once, and
 * again until they are taken. A consumer that comes or goes changes who gets a partition between two calls.
 */
export class ConsumerGroup {
  private readonly consumers: Consumer[] = []
  private readonly partitions: Partition[] = []
  private readonly onRejected: (error: unknown) => void

  constructor(onRejected: (error: unknown) => void) {
    this.onRejected = onRejected
    for (let number = 0; number < PARTITIONS; number++) {
      const choose = () => this.consumers[number % this.consumers.length]
      this.partitions.push(new Partition(choose, (error) => this.onRejected(error)))
    }
  }

  get isEmpty(): boolean {
    return this.consumers.length === 0
  }

  add(consumer: Consumer): void {
    this.consumers.push(consumer)
    for (const partition of this.partitions) partition.wake()
  }

  /** Resolves when the consumer is not being called any more. */
  async remove(consumer: Consumer): Promise<void> {
    const index = this.consumers.indexOf(consumer)
    if (index >= 0) this.consumers.splice(index, 1)
    await Promise.all(this.partitions.map((partition) => partition.left(consumer)))
  }

  /** Resolves with those that were there, when none is being called any more. */
  async removeAll(): Promise<Consumer[]> {
    const all = [...this.consumers]
    await Promise.all(all.map((consumer) => this.remove(consumer)))
    return all
  }

  /** Resolves when all are taken. Rejects when the group was closed meanwhile. */
  async publish(events: readonly StreamEvent[]): Promise<void> {
    const parts: StreamEvent[][] = []
    for (const event of events) {
      const number = partitionOf(event.conversation)
      const part = parts[number]
      if (part === undefined) parts[number] = [event]
      else part.push(event)
    }
    const taken: Promise<void>[] = []
    for (const [number, part] of parts.entries()) {
      for (let at = 0; part !== undefined && at < part.length; at += EVENTS_AT_ONCE)
        taken.push(this.partitions[number]!.add(part.slice(at, at + EVENTS_AT_ONCE)))
    }
    await Promise.all(taken)
  }

  close(): void {
    for (const partition of this.partitions) partition.close()
  }
}

interface Waiting {
  readonly events: readonly StreamEvent[]
  readonly taken: () => void
  readonly closed: (error: Error) => void
}

class Partition {
  private readonly queue: Waiting[] = []
  private readonly choose: () => Consumer | undefined
  private readonly onRejected: (error: unknown) => void
  private readonly pause = new RetryPause()
  private busy = false
  private closed = false
  private calling: { readonly consumer: Consumer; readonly over: Promise<void> } | undefined

  constructor(choose: () => Consumer | undefined, onRejected: (error: unknown) => void) {
    this.choose = choose
    this.onRejected = onRejected
  }

  add(events: readonly StreamEvent[]): Promise<void> {
    if (this.closed) return Promise.reject(closedError())
    return new Promise((taken, closed) => {
      this.queue.push({ events, taken, closed })
      this.wake()
    })
  }

  wake(): void {
    this.pause.end()
    if (!this.busy) void this.work()
  }

  private async work(): Promise<void> {
    this.busy = true
    while (this.queue.length > 0 && !this.closed) {
      const consumer = this.choose()
      if (consumer === undefined) break
      const next = this.queue[0]!
      if (await this.hand(consumer, next.events)) {
        if (this.queue[0] === next) this.queue.shift()
        next.taken()
      } else await this.pause.wait()
    }
    // In the same turn as the last look: who adds something next finds it so.
    this.busy = false
  }

  private async hand(consumer: Consumer, events: readonly StreamEvent[]): Promise<boolean> {
    let over = () => {}
    this.calling = { consumer, over: new Promise((resolve) => (over = resolve)) }
    try {
      await consumer.onEvents(events)
      this.pause.reset()
      return true
    } catch (error) {
      this.onRejected(error)
      return false
    } finally {
      this.calling = undefined
      over()
    }
  }

  async left(consumer: Consumer): Promise<void> {
    if (this.calling?.consumer === consumer) await this.calling.over
  }

  close(): void {
    this.closed = true
    this.pause.end()
    for (const { closed } of this.queue.splice(0)) closed(closedError())
  }
}

function closedError(): Error {
  return new Error('the event stream is closed')
}

/** FNV-1a, as for slots, folded to the partitions. */
function partitionOf(conversation: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < conversation.length; i++) hash = Math.imul(hash ^ conversation.charCodeAt(i), 0x01000193)
  return ((hash ^ (hash >>> 15)) >>> 0) % PARTITIONS
}
