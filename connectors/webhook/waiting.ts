import type { Aside, Chunk, Delivery, DeliveryQueue, WebhookRef } from '@chat4all/storage'
import { laneOf } from './lanes.js'
import { retryMs, triesOf, type WebhookLimits } from './limits.js'

/** A delivery that waits, and where it stands in the store. */
export interface Waiting {
  delivery: Delivery
  readonly chunk: LoadedChunk | undefined
  aside: Aside | undefined
  /** Milliseconds since 1970. */
  due: number
}

const CHUNKS_PER_READ = 4
const ASIDES_PER_READ = 200

/** A chunk of which some deliveries are done already. Writes of one chunk are in turn. */
class LoadedChunk {
  private readonly queue: DeliveryQueue
  private readonly webhook: WebhookRef
  private stored: Chunk
  private readonly left: Map<string, Delivery>
  private last: Promise<unknown> = Promise.resolve()

  constructor(queue: DeliveryQueue, webhook: WebhookRef, stored: Chunk) {
    this.queue = queue
    this.webhook = webhook
    this.stored = stored
    this.left = new Map(stored.deliveries.map((delivery) => [delivery.id, delivery]))
  }

  get key(): string {
    return this.stored.key
  }

  get isDone(): boolean {
    return this.left.size === 0
  }

  /** Writes down what is known of a delivery now. */
  update(delivery: Delivery): Promise<void> {
    this.left.set(delivery.id, delivery)
    return this.inTurn(async () => {
      if (this.left.size === 0) return
      const chunk = { ...this.stored, deliveries: [...this.left.values()] }
      const replaced = await this.queue.replaceChunk(this.webhook, chunk)
      // Another process took the backlog over: it makes the same attempts again, with the same ids.
      if (replaced !== undefined) this.stored = replaced
    })
  }

  /** Nothing is written until all are done: what a crash brings back is sent again with the same id. */
  done(deliveryId: string): Promise<void> {
    this.left.delete(deliveryId)
    return this.inTurn(async () => {
      if (this.left.size === 0) await this.queue.removeChunk(this.webhook, this.stored)
    })
  }

  private inTurn(write: () => Promise<void>): Promise<void> {
    const written = this.last.then(write)
    this.last = written.catch(() => {})
    return written
  }
}

/**
 * What waits for one webhook, as far as it is in memory: the oldest chunks of its queue as lanes, one for each
 * conversation, and what was put aside. Whatever is changed here is changed in the store.
 */
export class WaitingDeliveries {
  private readonly queue: DeliveryQueue
  private readonly webhook: WebhookRef
  private readonly limits: WebhookLimits
  private readonly random: () => number
  private readonly chunks = new Map<string, LoadedChunk>()
  private readonly lanes = new Map<string, Waiting[]>()
  private readonly asides = new Map<string, Waiting>()
  private after: string | undefined
  private loaded = 0

  constructor(queue: DeliveryQueue, webhook: WebhookRef, limits: WebhookLimits, random: () => number) {
    this.queue = queue
    this.webhook = webhook
    this.limits = limits
    this.random = random
  }

  get isEmpty(): boolean {
    return this.loaded === 0 && this.asides.size === 0
  }

  /** Reads on in the store while there is room. */
  async fill(): Promise<void> {
    if (this.asides.size === 0) await this.fillAsides()
    // What others append may stand before what was read last, if their clocks are behind: so from the start again.
    if (this.loaded === 0) this.after = undefined
    while (this.loaded < this.limits.windowDeliveriesMax) {
      const { after } = this
      const range = { limit: CHUNKS_PER_READ, ...(after !== undefined && { after }) }
      const chunks = await this.queue.chunks(this.webhook, range)
      for (const chunk of chunks) await this.load(chunk)
      if (chunks.length < CHUNKS_PER_READ) return
    }
  }

  /** Those that may be attempted: the head of each lane, and what was put aside, the longest untouched lane first. */
  *ready(now: number, isBusy: (one: Waiting) => boolean): Generator<Waiting> {
    for (const [head] of [...this.lanes.values()]) {
      if (head !== undefined && head.due <= now && !isBusy(head)) yield head
    }
    for (const aside of [...this.asides.values()]) if (aside.due <= now && !isBusy(aside)) yield aside
  }

  /** When the next of those that are not busy is due; undefined when all are or there are none. */
  nextDue(isBusy: (one: Waiting) => boolean): number | undefined {
    let next: number | undefined
    for (const [head] of this.lanes.values()) {
      if (head !== undefined && !isBusy(head)) next = Math.min(next ?? head.due, head.due)
    }
    for (const aside of this.asides.values()) if (!isBusy(aside)) next = Math.min(next ?? aside.due, aside.due)
    return next
  }

  /** It was taken, or given up. */
  async done(one: Waiting): Promise<void> {
    if (one.aside === undefined) return this.leaveLane(one)
    this.asides.delete(one.delivery.id)
    await this.queue.removeAside(this.webhook, one.aside)
  }

  /** It was refused and stays at the head of its lane; other lanes come first from now on. */
  async putOff(one: Waiting, delivery: Delivery, due: number): Promise<void> {
    one.delivery = delivery
    one.due = due
    const name = laneOf(delivery)
    const lane = this.lanes.get(name)
    if (lane !== undefined) {
      this.lanes.delete(name)
      this.lanes.set(name, lane)
    }
    await one.chunk?.update(delivery)
  }

  /** It was refused and waits by itself. First it is written down there, then it leaves its lane. */
  async setAside(one: Waiting, delivery: Delivery, due: number): Promise<void> {
    const aside = await this.queue.setAside(this.webhook, delivery, due)
    if (one.aside === undefined) await this.leaveLane(one)
    this.asides.set(delivery.id, { delivery, chunk: undefined, aside, due })
  }

  private async leaveLane(one: Waiting): Promise<void> {
    const name = laneOf(one.delivery)
    const lane = this.lanes.get(name)
    const at = lane?.indexOf(one) ?? -1
    if (at >= 0) {
      lane!.splice(at, 1)
      this.loaded--
    }
    if (lane?.length === 0) this.lanes.delete(name)
    await one.chunk?.done(one.delivery.id)
    if (one.chunk?.isDone === true) this.chunks.delete(one.chunk.key)
  }

  private async load(chunk: Chunk): Promise<void> {
    this.after = chunk.key
    if (this.chunks.has(chunk.key)) return
    if (chunk.deliveries.length === 0) return this.queue.removeChunk(this.webhook, chunk)
    const loaded = new LoadedChunk(this.queue, this.webhook, chunk)
    this.chunks.set(chunk.key, loaded)
    for (const delivery of chunk.deliveries) {
      const waiting = { delivery, chunk: loaded, aside: undefined, due: this.dueOf(delivery) }
      const name = laneOf(delivery)
      const lane = this.lanes.get(name)
      if (lane === undefined) this.lanes.set(name, [waiting])
      else lane.push(waiting)
      this.loaded++
    }
  }

  private async fillAsides(): Promise<void> {
    for (const aside of await this.queue.asides(this.webhook, { limit: ASIDES_PER_READ })) {
      const { delivery, due } = aside
      this.asides.set(delivery.id, { delivery, chunk: undefined, aside, due })
    }
  }

  private dueOf(delivery: Delivery): number {
    const tries = triesOf(delivery)
    return tries === 0 ? 0 : delivery.attemptLog.at(-1)!.at + retryMs(tries, this.limits, this.random)
  }
}
