import type { Delivery, DeliveryHistory, WebhookRef } from '@chat4all/storage'

interface Taken {
  readonly webhook: WebhookRef
  readonly deliveries: Delivery[]
}

/**
 * Deliveries that were taken, so that they can be looked at. Written now and then, many to a record: a crash loses the
 * last ones here, never a delivery.
 */
export class SuccessLog {
  private readonly history: DeliveryHistory
  private taken = new Map<string, Taken>()

  constructor(history: DeliveryHistory) {
    this.history = history
  }

  add(webhook: WebhookRef, delivery: Delivery): void {
    const known = this.taken.get(webhook.id)
    if (known === undefined) this.taken.set(webhook.id, { webhook, deliveries: [delivery] })
    else known.deliveries.push(delivery)
  }

  /** What cannot be written is let go, rather than kept in ever more memory. */
  async write(): Promise<void> {
    const { taken } = this
    this.taken = new Map()
    for (const { webhook, deliveries } of taken.values()) await this.history.add(webhook, 'succeeded', deliveries)
  }
}
