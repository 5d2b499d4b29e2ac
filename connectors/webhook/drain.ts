import type { Backlog, Delivery, DeliveryQueue, Webhook } from '@chat4all/storage'
import type { Attempts, Made } from './attempts.js'
import type { Clock } from './clock.js'
import { retryMs, triesOf, type WebhookLimits } from './limits.js'
import { type Waiting, WaitingDeliveries } from './waiting.js'

export interface DrainParts {
  readonly queue: DeliveryQueue
  readonly attempts: Attempts
  readonly limits: WebhookLimits
  readonly clock: Clock
  readonly random: () => number
  /** The name of this process among those that deliver. */
  readonly holder: string
  /** The webhook as it is defined now. */
  readonly webhook: () => Webhook
  readonly taken: (delivery: Delivery) => void
  /** Resolves when they are kept as dead letters. */
  readonly died: (deliveries: readonly Delivery[]) => Promise<void>
  readonly refused: () => void
  readonly gone: () => void
}

/** How long the breaker, when it lets nothing through, is left alone. */
const BREAKER_MS = 1_000

/**
 * The long way: delivers what waits in the store, lane by lane, until nothing does. Order within a lane is kept while its
 * head is refused, up to the bound of its attempts; then the head waits by itself and the lane goes on.
 */
export class Drain {
  private readonly parts: DrainParts
  private readonly waiting: WaitingDeliveries
  private readonly busy = new Set<Waiting>()
  private backlog: Backlog
  private breakerUntil = 0
  private failure: { readonly error: unknown } | undefined
  private changed = new AbortController()

  constructor(backlog: Backlog, parts: DrainParts) {
    this.backlog = backlog
    this.parts = parts
    this.waiting = new WaitingDeliveries(parts.queue, backlog, parts.limits, parts.random)
    parts.attempts.failingSince ??= backlog.failingSince
  }

  /** Something was appended: look now. */
  wake(): void {
    this.changed.abort()
  }

  /**
   * Returns when nothing waits any more, the webhook is not enabled any more, another process took over, or the signal is
   * aborted; then attempts that are under way have ended.
   * @throws what the store throws: whatever is not written down there is attempted again with the same id.
   */
  async run(signal: AbortSignal): Promise<void> {
    const stop = (): void => this.wake()
    signal.addEventListener('abort', stop)
    try {
      while (!signal.aborted && this.failure === undefined && this.parts.webhook().enabled) {
        if (!(await this.claim())) return
        await this.waiting.fill()
        if (this.waiting.isEmpty) {
          if (await this.parts.queue.finish(this.backlog)) return
          if (!(await this.claim(0))) return
          continue
        }
        const changed = this.changed.signal
        this.start()
        await this.next(changed)
        if (changed.aborted) this.changed = new AbortController()
      }
    } finally {
      signal.removeEventListener('abort', stop)
      await this.settled()
    }
    if (this.failure !== undefined) throw this.failure.error
  }

  private get pausedUntil(): number {
    return Math.max(this.breakerUntil, this.parts.attempts.pausedUntil)
  }

  private start(): void {
    const { clock, attempts, limits } = this.parts
    const now = clock.now()
    if (now < this.pausedUntil) return
    for (const one of this.waiting.ready(now, (each) => this.busy.has(each))) {
      if (this.busy.size >= limits.atOnceMax || !attempts.hasRoom) return
      this.busy.add(one)
      this.attempt(one)
        .catch((error: unknown) => {
          this.failure ??= { error }
        })
        .finally(() => {
          this.busy.delete(one)
          this.wake()
        })
    }
  }

  private async attempt(one: Waiting): Promise<void> {
    const { attempts, limits, clock, webhook } = this.parts
    if (clock.now() - one.delivery.queued > limits.giveUpMs) return this.bury(one, one.delivery)
    const made = await attempts.make(webhook(), one.delivery)
    if (made === undefined) this.breakerUntil = clock.now() + BREAKER_MS
    else if (made.outcome === 'taken') {
      // Kept in mind first: what is only in the queue when this process dies is attempted, and kept in mind, again.
      this.parts.taken(made.delivery)
      await this.waiting.done(one)
    } else await this.refused(one, made)
  }

  private async refused(one: Waiting, { delivery, outcome }: Made): Promise<void> {
    const { limits, clock, random } = this.parts
    const now = clock.now()
    const tries = Math.max(1, triesOf(delivery))
    const wait = retryMs(tries, limits, random)
    const due = now + wait
    if (due - delivery.queued > limits.giveUpMs) await this.bury(one, delivery)
    else if (one.aside !== undefined || this.holdsUp(delivery, tries)) await this.waiting.setAside(one, delivery, due)
    // Others wait behind it: so no longer than the breaker, which spares the receiver, leaves it alone.
    else await this.waiting.putOff(one, delivery, now + Math.min(wait, limits.breakerMsMax))
    if (outcome === 'gone') this.parts.gone()
    else this.parts.refused()
  }

  /** Whether it is the delivery rather than the receiver that is at fault, or has to be taken for it in the end. */
  private holdsUp(delivery: Delivery, tries: number): boolean {
    const { attempts, limits } = this.parts
    if (tries >= limits.attemptsInOrderWhenDown) return true
    return tries >= limits.attemptsInOrder && attempts.tookSince(delivery.attemptLog.at(-tries)!.at)
  }

  private async bury(one: Waiting, delivery: Delivery): Promise<void> {
    await this.parts.died([delivery])
    await this.waiting.done(one)
  }

  /** Says again, in good time, that this process delivers. False: another one does. */
  private async claim(leftMsMin = (this.parts.limits.claimMs * 2) / 3): Promise<boolean> {
    const { clock, limits, holder, queue, attempts } = this.parts
    const now = clock.now()
    if (leftMsMin > 0 && this.backlog.holder === holder && this.backlog.until - now > leftMsMin) return true
    const until = now + limits.claimMs
    const claimed = await queue.claim(this.backlog, { holder, until, failingSince: attempts.failingSince })
    if (claimed === undefined) return false
    this.backlog = claimed
    return true
  }

  /** Waits for an attempt to end, something to be appended, the next to be due, or the claim to grow old. */
  private async next(changed: AbortSignal): Promise<void> {
    const { clock, limits, attempts } = this.parts
    const now = clock.now()
    const due = this.waiting.nextDue((each) => this.busy.has(each)) ?? Number.POSITIVE_INFINITY
    const startable = this.busy.size < limits.atOnceMax && attempts.hasRoom
    const wakeAt = Math.min(
      startable ? Math.max(due, this.pausedUntil) : Number.POSITIVE_INFINITY,
      now + limits.claimMs / 3,
      // Others may have taken all room, and do not say when they leave it.
      attempts.hasRoom ? Number.POSITIVE_INFINITY : now + limits.pollMs,
    )
    if (wakeAt > now) await clock.wait(wakeAt - now, changed)
  }

  private async settled(): Promise<void> {
    while (this.busy.size > 0) {
      const { signal } = this.changed
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve()
        else signal.addEventListener('abort', () => resolve(), { once: true })
      })
      this.changed = new AbortController()
    }
  }
}
