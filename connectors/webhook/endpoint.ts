import type { AppId } from '@chat4all/protocol'
import type { Delivery, Webhook, WebhookRef, WebhookStore } from '@chat4all/storage'
import { Attempts } from './attempts.js'
import { endBacklog } from './bury.js'
import type { Clock } from './clock.js'
import { deliverDirectly } from './direct.js'
import { Drain } from './drain.js'
import type { WebhookMetrics } from './events.js'
import type { WebhookLimits } from './limits.js'
import type { Poster } from './post.js'

export interface EndpointParts {
  readonly store: WebhookStore
  readonly poster: Poster
  readonly limits: WebhookLimits
  readonly clock: Clock
  readonly random: () => number
  readonly holder: string
  readonly events: WebhookMetrics
  readonly taken: (webhook: WebhookRef, delivery: Delivery) => void
  /** The webhook is to be disabled, for a reason that its receiver gave. */
  readonly disable: (webhook: Webhook, reason: 'failing' | 'gone') => void
}

/**
 * All that is done for one webhook. While its receiver takes everything promptly nothing is written down: events that
 * were not taken when this process dies come again from the stream. From the first failure on, and whenever it takes
 * longer than the grace, deliveries are written to the store, and the stream goes on without waiting for this receiver.
 */
export class Endpoint implements WebhookRef {
  readonly app: AppId
  readonly id: string
  private readonly parts: EndpointParts
  private readonly attempts: Attempts
  private readonly stopping = new AbortController()
  /** Undefined: it was deleted. */
  private webhook: Webhook | undefined
  /** Something waits in the store: whatever comes goes behind it. */
  private backlogged = false
  private appending = 0
  /** Rises whenever something was appended, here or by others. */
  private wakes = 0
  private drain: Drain | undefined
  private delivering: Promise<void> | undefined

  constructor(ref: WebhookRef, webhook: Webhook | undefined, parts: EndpointParts) {
    this.app = ref.app
    this.id = ref.id
    this.webhook = webhook
    this.parts = parts
    this.attempts = new Attempts(parts.poster, parts.limits, parts.clock, parts.events)
  }

  /** It was changed, or deleted. */
  set definition(webhook: Webhook | undefined) {
    const wasEnabled = this.webhook?.enabled
    this.webhook = webhook
    // Who enables a webhook says that its receiver is there again.
    if (wasEnabled === false && webhook?.enabled === true) this.attempts.failingSince = undefined
    this.drain?.wake()
  }

  /** Resolves when each is either taken by the receiver or written down. */
  async accept(deliveries: readonly Delivery[]): Promise<void> {
    if (this.backlogged || !this.attempts.prompt) return this.append(deliveries)
    const { clock, limits, taken } = this.parts
    const webhook = this.webhook
    if (webhook === undefined) return
    const direct = await deliverDirectly(webhook, deliveries, this.attempts, { clock, graceMs: limits.graceMs })
    for (const delivery of direct.taken) taken(this, delivery)
    if (direct.left.length > 0) await this.append(direct.left)
    if (direct.gone) this.parts.disable(webhook, 'gone')
  }

  /** There may be something to deliver in the store. */
  wake(): void {
    this.backlogged = true
    this.wakes++
    this.drain?.wake()
    this.delivering ??= this.deliver().finally(() => {
      this.delivering = undefined
    })
  }

  /** What another process said: whether something waits, which it delivers itself. */
  set othersDeliver(backlogged: boolean) {
    if (this.isIdle) this.backlogged = backlogged
  }

  get isIdle(): boolean {
    return this.delivering === undefined && this.appending === 0
  }

  /** Attempts under way end; the rest waits in the store. */
  async stop(): Promise<void> {
    this.stopping.abort()
    await this.delivering
  }

  private async append(deliveries: readonly Delivery[]): Promise<void> {
    this.backlogged = true
    this.appending++
    try {
      await this.parts.store.queue.append(this, deliveries)
      this.parts.events.queued(deliveries.length)
    } finally {
      this.appending--
    }
    this.wake()
  }

  /** Until nothing waits, or another process delivers; a fault of the store is waited out. */
  private async deliver(): Promise<void> {
    const { clock, limits, events } = this.parts
    while (!this.stopping.signal.aborted) {
      try {
        if (!(await this.deliverOnce())) return
      } catch (error) {
        events.failed('delivering what waits', error)
        await clock.wait(limits.pollMs, this.stopping.signal)
      } finally {
        this.attempts.forgetHandedOver()
      }
    }
  }

  /** @returns whether there may be more to do. */
  private async deliverOnce(): Promise<boolean> {
    const { store, clock, limits, holder } = this.parts
    const { wakes } = this
    const backlog = await store.queue.claim(this, { holder, until: clock.now() + limits.claimMs })
    if (backlog === undefined) {
      const theirs = await store.queue.backlog(this)
      if (wakes !== this.wakes) return true
      if (theirs === undefined) this.backlogged = this.appending > 0
      return false
    }
    const { webhook } = this
    if (webhook === undefined) {
      await store.history.forget(this)
      await endBacklog(store, backlog, async () => {})
    } else if (!webhook.enabled) {
      await endBacklog(store, backlog, (deliveries) => this.keepDead(webhook, deliveries, 'disabled'))
    } else {
      this.drain = new Drain(backlog, {
        ...this.parts,
        queue: store.queue,
        attempts: this.attempts,
        webhook: () => this.webhook ?? { ...webhook, enabled: false },
        taken: (delivery) => this.parts.taken(this, delivery),
        died: (deliveries) => this.keepDead(webhook, deliveries, 'gave up'),
        refused: () => this.disableWhenFailing(webhook),
        gone: () => this.parts.disable(webhook, 'gone'),
      })
      try {
        await this.drain.run(this.stopping.signal)
      } finally {
        this.drain = undefined
      }
    }
    return true
  }

  private async keepDead(
    webhook: Webhook,
    deliveries: readonly Delivery[],
    reason: 'gave up' | 'disabled',
  ): Promise<void> {
    await this.parts.store.history.add(this, 'dead', deliveries)
    this.parts.events.died(webhook, deliveries, reason)
  }

  private disableWhenFailing(webhook: Webhook): void {
    const { clock, limits, disable } = this.parts
    const { failingSince } = this.attempts
    if (failingSince !== undefined && clock.now() - failingSince >= limits.disableMs) disable(webhook, 'failing')
  }
}
