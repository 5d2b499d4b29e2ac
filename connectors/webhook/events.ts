import type { Attempt, Delivery, Webhook } from '@chat4all/storage'
import type { Logger } from 'pino'
import { Counter, Gauge, Histogram, type Metric, type Registry } from 'prom-client'

/**
 * Everything that the delivery of webhooks tells operators: one function per event feeds the log and the counters. A
 * receiver's fault is no more than info; no content, no secret, and of a URL only whose webhook it is.
 */
export interface WebhookMetrics {
  attempted(webhook: Webhook, delivery: Delivery, attempt: Attempt, outcome: string): void
  breakerChanged(closed: boolean): void
  queued(deliveries: number): void
  died(webhook: Webhook, deliveries: readonly Delivery[], reason: 'gave up' | 'disabled'): void
  disabled(webhook: Webhook, reason: string): void
  /** Something of ours failed; it is tried again. */
  failed(what: string, error: unknown): void
  /** Told now and then. */
  holds(now: { readonly webhooks: number; readonly backlogs: number }): void
}

export function webhookEvents(logger: Logger, registry: Registry): WebhookMetrics {
  const log = logger.child({ role: 'webhook' })
  const attempts =
    existing<Counter<'outcome'>>(registry, 'chat4all_webhook_attempts_total') ??
    new Counter({
      name: 'chat4all_webhook_attempts_total',
      help: 'Attempts to deliver an event, by what came of them',
      labelNames: ['outcome'],
      registers: [registry],
    })
  const seconds =
    existing<Histogram>(registry, 'chat4all_webhook_attempt_seconds') ??
    new Histogram({
      name: 'chat4all_webhook_attempt_seconds',
      help: 'How long receivers take to answer',
      registers: [registry],
      buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 15],
    })
  const lag =
    existing<Histogram>(registry, 'chat4all_webhook_delivery_seconds') ??
    new Histogram({
      name: 'chat4all_webhook_delivery_seconds',
      help: 'From an event to its being taken by a receiver',
      registers: [registry],
      buckets: [0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 60, 600, 3_600, 86_400, 259_200],
    })
  const counter = (name: string, help: string) =>
    existing<Counter>(registry, name) ?? new Counter({ name, help, registers: [registry] })
  const gauge = (name: string, help: string) =>
    existing<Gauge>(registry, name) ?? new Gauge({ name, help, registers: [registry] })
  const queued = counter('chat4all_webhook_queued_total', 'Deliveries that were written down to be attempted later')
  const dead = counter('chat4all_webhook_dead_total', 'Deliveries that were given up')
  const disabled = counter('chat4all_webhook_disabled_total', 'Webhooks that were disabled by the server')
  const failures = counter('chat4all_webhook_failures_total', 'Faults of this side; what they held up is tried again')
  const open = gauge('chat4all_webhook_breakers_open', 'Receivers that seem to be down')
  const webhooks = gauge('chat4all_webhooks', 'Webhooks that are enabled')
  const backlogs = gauge('chat4all_webhook_backlogs', 'Webhooks for which deliveries wait')

  return {
    attempted({ id, app }, delivery, { number, status, error, tookMs, at }, outcome) {
      attempts.inc({ outcome })
      seconds.observe(tookMs / 1_000)
      if (outcome === 'taken') lag.observe(Math.max(0, at + tookMs - delivery.time) / 1_000)
      const { messageId, trace } = delivery
      const about = { app, webhook: id, delivery: delivery.id, type: delivery.event, message_id: messageId }
      log[outcome === 'taken' ? 'debug' : 'info']({
        event: `webhook.${outcome}`,
        ...about,
        ...(trace !== undefined && { trace_id: trace.split('-')[1] }),
        attempt: number,
        status,
        tookMs,
        ...(error !== undefined && { reason: error }),
      })
    },
    breakerChanged(closed) {
      if (closed) open.dec()
      else open.inc()
    },
    queued: (deliveries) => queued.inc(deliveries),
    died({ id, app }, deliveries, reason) {
      dead.inc(deliveries.length)
      log.warn({ event: 'webhook.dead', app, webhook: id, deliveries: deliveries.length, reason })
    },
    disabled({ id, app }, reason) {
      disabled.inc()
      log.warn({ event: 'webhook.disabled', app, webhook: id, reason })
    },
    failed(what, error) {
      failures.inc()
      log.error({ event: 'webhook.failed', what, err: error })
    },
    holds(now) {
      webhooks.set(now.webhooks)
      backlogs.set(now.backlogs)
    },
  }
}

function existing<Found extends Metric>(registry: Registry, name: string): Found | undefined {
  return registry.getSingleMetric(name) as Found | undefined
}
