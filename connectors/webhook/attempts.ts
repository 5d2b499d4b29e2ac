import type { Attempt, Delivery, Webhook } from '@chat4all/storage'
import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
} from 'cockatiel'
import type { Clock } from './clock.js'
import type { WebhookMetrics } from './events.js'
import { ATTEMPTS_KEPT, type WebhookLimits } from './limits.js'
import type { Poster } from './post.js'

/** What an attempt came to. */
export interface Made {
  /** With this attempt in its log. */
  readonly delivery: Delivery
  /** gone: the receiver answered 410, which asks not to be called any more. */
  readonly outcome: 'taken' | 'refused' | 'gone'
}

/** Thrown inside the breaker only, which counts it. */
class NotTakenError extends Error {}

const GONE = 410
const SECOND_MS = 1_000

/**
 * Attempts at one webhook: never more at once and in a second than its bounds say, and none while the breaker is open but
 * for one now and then that tries whether the receiver is back.
 */
export class Attempts {
  /** Since when nothing was taken; undefined: the last attempt was. */
  failingSince: number | undefined
  /** The receiver asked not to be called before. */
  pausedUntil = 0
  private readonly poster: Poster
  private readonly limits: WebhookLimits
  private readonly clock: Clock
  private readonly events: WebhookMetrics
  private readonly breaker: CircuitBreakerPolicy
  private readonly handedOver = new Map<string, Promise<Made | undefined>>()
  private readonly waiting: (() => void)[] = []
  private running = 0
  private lastTaken = 0
  private secondBegan = 0
  private begunInSecond = 0
  private typicalMs = 0

  constructor(poster: Poster, limits: WebhookLimits, clock: Clock, events: WebhookMetrics) {
    this.poster = poster
    this.limits = limits
    this.clock = clock
    this.events = events
    this.breaker = circuitBreaker(
      handleWhen((error) => error instanceof NotTakenError),
      {
        breaker: new ConsecutiveBreaker(limits.breakerFailures),
        halfOpenAfter: new ExponentialBackoff({ initialDelay: limits.breakerMsMin, maxDelay: limits.breakerMsMax }),
      },
    )
    let closed = true
    this.breaker.onStateChange((state) => {
      if ((state === CircuitState.Closed) === closed) return
      closed = !closed
      events.breakerChanged(closed)
    })
  }

  /** Whether deliveries are taken now, as far as is known. */
  get healthy(): boolean {
    return this.breaker.state === CircuitState.Closed && this.failingSince === undefined
  }

  /** Healthy, and fast enough to be waited for. */
  get prompt(): boolean {
    if (this.clock.now() < this.pausedUntil) return false
    return this.healthy && this.typicalMs <= this.limits.graceMs / 2 && this.waiting.length === 0
  }

  /** Whether another delivery was taken at that time or later. */
  tookSince(at: number): boolean {
    return this.lastTaken >= at
  }

  get hasRoom(): boolean {
    return this.running < this.limits.atOnceMax
  }

  /** Makes the next attempt; undefined when the breaker lets none through: it is to be tried later. */
  async make(webhook: Webhook, delivery: Delivery): Promise<Made | undefined> {
    const early = this.handedOver.get(delivery.id)
    this.handedOver.delete(delivery.id)
    if (early !== undefined) return early
    await this.enter()
    try {
      await this.keepPace()
      return await this.throughBreaker(webhook, delivery)
    } finally {
      this.leave()
    }
  }

  /** An attempt that is under way belongs from now on to whoever asks for the next one of this delivery. */
  handOver(deliveryId: string, underWay: Promise<Made | undefined>): void {
    this.handedOver.set(deliveryId, underWay)
  }

  /** Nobody asks for what was handed over any more. */
  forgetHandedOver(): void {
    this.handedOver.clear()
  }

  private async throughBreaker(webhook: Webhook, delivery: Delivery): Promise<Made | undefined> {
    let made: Made | undefined
    try {
      await this.breaker.execute(async () => {
        made = await this.attempt(webhook, delivery)
        if (made.outcome !== 'taken') throw new NotTakenError()
      })
    } catch (error) {
      if (!(error instanceof BrokenCircuitError || error instanceof NotTakenError)) throw error
    }
    return made
  }

  private async attempt(webhook: Webhook, delivery: Delivery): Promise<Made> {
    const { attempt, retryAfterMs } = await this.poster.post(webhook, delivery)
    const attemptLog = [...delivery.attemptLog, attempt].slice(-ATTEMPTS_KEPT)
    const after = { ...delivery, attempts: attempt.number, attemptLog }
    const outcome = outcomeOf(attempt)
    if (outcome === 'taken') {
      this.failingSince = undefined
      this.lastTaken = attempt.at + attempt.tookMs
      this.typicalMs += (attempt.tookMs - this.typicalMs) / 8
    } else {
      this.failingSince ??= attempt.at
    }
    if (retryAfterMs !== undefined) this.pausedUntil = this.clock.now() + retryAfterMs
    this.events.attempted(webhook, after, attempt, outcome)
    return { delivery: after, outcome }
  }

  private async enter(): Promise<void> {
    if (this.running < this.limits.atOnceMax) this.running++
    // Whoever leaves hands its place over, so `running` stays as it is.
    else await new Promise<void>((resolve) => this.waiting.push(resolve))
  }

  private leave(): void {
    const next = this.waiting.shift()
    if (next === undefined) this.running--
    else next()
  }

  private async keepPace(): Promise<void> {
    for (;;) {
      const now = this.clock.now()
      if (Math.abs(now - this.secondBegan) >= SECOND_MS) {
        this.secondBegan = now
        this.begunInSecond = 0
      }
      if (this.begunInSecond < this.limits.perSecondMax) break
      await this.clock.wait(this.secondBegan + SECOND_MS - now)
    }
    this.begunInSecond++
  }
}

function outcomeOf({ error, status }: Attempt): Made['outcome'] {
  if (error === undefined) return 'taken'
  return status === GONE ? 'gone' : 'refused'
}
