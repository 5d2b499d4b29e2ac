import type { EdgeId, NodeId } from '@chat4all/protocol'
import type { Logger } from 'pino'
import { Counter, Gauge, Histogram, type Metric, type Registry } from 'prom-client'
import type { EdgeEvents } from './core/index.js'

/**
 * Everything that an edge tells operators: one function per event feeds the log and the counters. Levels: error means
 * a bug or something broken; a client's fault is no more than info. No content of users, no tokens.
 */
export interface EdgeNodeEvents extends EdgeEvents {
  nodeUnreachable(node: NodeId, reason: string): void
  linkLost(node: NodeId, reason: string): void
  authenticatorFailed(error: unknown): void
  draining(sessions: number): void
  stopped(): void
  /** Told at every tick. */
  holds(now: {
    readonly sessions: number
    readonly users: number
    readonly conversations: number
    readonly unanswered: number
  }): void
}

export function edgeEvents(edge: EdgeId, logger: Logger, registry: Registry): EdgeNodeEvents {
  const log = logger.child({ role: 'edge', edge })
  const labels = { edge }
  const counter = <Label extends string = never>(name: string, help: string, ...names: Label[]) =>
    existing<Counter<'edge' | Label>>(registry, name) ??
    new Counter({ name, help, labelNames: ['edge', ...names], registers: [registry] })
  const gauge = (name: string, help: string) =>
    existing<Gauge<'edge'>>(registry, name) ?? new Gauge({ name, help, labelNames: ['edge'], registers: [registry] })

  const sessions = gauge('chat4all_sessions', 'Open connections of clients')
  const users = gauge('chat4all_local_users', 'Users with a session on this edge')
  const conversations = gauge('chat4all_subscribed_conversations', 'Conversations that this edge subscribes to')
  const unanswered = gauge('chat4all_requests_unanswered', 'Requests on their way to owners')
  const links = gauge('chat4all_edge_links', 'Shard-nodes linked to this edge')
  const opened = counter('chat4all_sessions_opened_total', 'Connections of clients')
  const closed = counter('chat4all_sessions_closed_total', 'Connections that ended, by close code', 'code')
  const failed = counter('chat4all_sessions_failed_total', 'Sessions ended for a fault, by its name', 'error')
  const framesIn = counter('chat4all_frames_received_total', 'Frames of clients')
  const delivered = counter('chat4all_messages_delivered_total', 'Messages handed to sessions')
  const acknowledged =
    existing<Histogram<'edge'>>(registry, 'chat4all_send_seconds') ??
    new Histogram({
      name: 'chat4all_send_seconds',
      help: 'From a client’s send to its acknowledgement, as its edge sees it',
      labelNames: ['edge'],
      registers: [registry],
      buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5],
    })
  const shed = counter('chat4all_frames_shed_total', 'Frames left out for slow or hasty sessions', 'kind')
  const slow = counter('chat4all_slow_consumers_closed_total', 'Sessions closed because they read too slowly')
  const bounced = counter('chat4all_requests_bounced_total', 'Bounces by shard-nodes', 'reason')
  const busy = counter('chat4all_busy_answers_total', 'Sends answered BUSY or RATE_LIMITED', 'error')
  const rangesRead = counter('chat4all_ranges_read_total', 'Pages read at owners for sessions that catch up')
  const rangesShared = counter('chat4all_ranges_shared_total', 'Pages that another session had asked for already')

  // What every message tells waits for the next tick (`holds`): finding a metric by its labels, with the caches cold
  // between two messages, costs as much as decoding a frame.
  let framesCounted = 0
  let deliveriesCounted = 0
  let acknowledgedMs: number[] = []
  const tally = (): void => {
    if (framesCounted > 0) framesIn.inc(labels, framesCounted)
    if (deliveriesCounted > 0) delivered.inc(labels, deliveriesCounted)
    for (const ms of acknowledgedMs) acknowledged.observe(labels, ms / 1000)
    framesCounted = 0
    deliveriesCounted = 0
    acknowledgedMs = []
  }

  return {
    sessionOpened() {
      opened.inc(labels)
      sessions.inc(labels)
    },
    sessionClosed(code) {
      closed.inc({ edge, code: knownCode(code) })
      sessions.dec(labels)
    },
    sessionFailed(error, detail) {
      failed.inc({ edge, error })
      if (error === 'INTERNAL') log.error({ error, detail }, 'session failed by a fault of ours')
      else log.info({ error, detail }, 'session failed')
    },
    framesIn(count) {
      framesCounted += count
    },
    delivered(messages, to) {
      deliveriesCounted += messages * to
    },
    acknowledged(tookMs) {
      acknowledgedMs.push(tookMs)
    },
    shed: (kind) => shed.inc({ edge, kind }),
    slowConsumerClosed(bufferedBytes) {
      slow.inc(labels)
      log.info({ buffered_bytes: bufferedBytes }, 'slow consumer closed')
    },
    bounced: (reason) => bounced.inc({ edge, reason }),
    busy: (error) => busy.inc({ edge, error }),
    rangeRead: () => rangesRead.inc(labels),
    rangeShared: () => rangesShared.inc(labels),
    linkOpened(node) {
      links.inc(labels)
      log.info({ node }, 'linked to shard-node')
    },
    linkClosed: () => links.dec(labels),
    linkLost: (node, reason) =>
      log.warn({ node, reason }, 'link to shard-node lost; dialed again while it is a member'),
    nodeUnreachable: (node, reason) => log.warn({ node, reason }, 'shard-node cannot be reached; tried again'),
    authenticatorFailed: (error) => log.error({ err: error }, 'verifying a token failed by a fault of ours'),
    draining: (count) => log.info({ sessions: count }, 'draining: sessions are sent away'),
    stopped() {
      tally()
      log.info('edge stopped')
    },
    holds(now) {
      tally()
      users.set(labels, now.users)
      conversations.set(labels, now.conversations)
      unanswered.set(labels, now.unanswered)
    },
  }
}

/** Clients may close with any code: ours and the common ones are told apart, so that labels stay few. */
function knownCode(code: number): string {
  return (code >= 1000 && code <= 1015) || (code >= 4000 && code < 4600) ? String(code) : 'other'
}

/** Several edges of one process share a registry, and so its metrics; they differ by label. */
function existing<M extends Metric>(registry: Registry, name: string): M | undefined {
  return registry.getSingleMetric(name) as M | undefined
}
