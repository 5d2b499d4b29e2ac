import { type LogId, messageIdFromBytes, type NodeId, type Offset, type Slot } from '@chat4all/protocol'
import type { Logger } from 'pino'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { CommittedMessages } from './core/index.js'

/** A fault of the same kind is not told again before. */
const TELL_AGAIN_MS = 5_000

/**
 * Everything that a shard-node tells operators: one function per event feeds the log and the counters (design §1
 * style: atproto's events). Levels: error means a bug or a broken engine; no content of users, no secrets.
 */
export interface ShardNodeEvents {
  committed(entry: { offset: Offset; bytes: number; conversations: readonly CommittedMessages[]; now: number }): void
  appendTook(ms: number): void
  appendFailed(fault: { log: LogId; offset: Offset; error: unknown }): void
  checkFailed(fault: { log: LogId; error: unknown }): void
  viewFailed(fault: { what: string; error: unknown }): void
  slotsFailed(fault: { what: string; error: unknown }): void
  serving(slots: number): void
  /** Its requests had to wait so long. */
  handedOver(handoff: { slot: Slot; to: NodeId; pauseMs: number }): void
  deposed(log: LogId): void
  recoveryStep(step: { log: LogId; step: string; tookMs: number }): void
  linkOpened(edge: string): void
  linkClosed(edge: string, reason: string): void
  /** Told at every tick. */
  lag(lag: { viewBytes: number; pendingBytes: number; entriesInFlight: number }): void
  swept(batches: number): void
  /** So many records are in an event stream, or were taken by a group. */
  published(records: number): void
  /** Entries of the own log that are committed and that the slowest outlet does not have. */
  publicationLag(entries: number): void
  publicationFailed(fault: { what: string; outlet: string; error: unknown }): void
  /** Entries that were dropped before the outlet wanted them. */
  publicationSkipped(skipped: { log: LogId; outlet: string; from: Offset; to: Offset }): void
  stopped(): void
}

export function shardNodeEvents(node: NodeId, logger: Logger, registry: Registry): ShardNodeEvents {
  const log = logger.child({ role: 'shard-node', node })
  const labels = { node }
  const counter = (name: string, help: string) =>
    existing<Counter<'node'>>(registry, name) ??
    new Counter({ name, help, labelNames: ['node'], registers: [registry] })
  const gauge = (name: string, help: string) =>
    existing<Gauge<'node'>>(registry, name) ?? new Gauge({ name, help, labelNames: ['node'], registers: [registry] })
  const committed = counter('chat4all_messages_committed_total', 'Messages that are stored for good')
  const entries = counter('chat4all_log_entries_total', 'Entries appended to the node log')
  const bytes = counter('chat4all_log_bytes_total', 'Bytes appended to the node log')
  const faults =
    existing<Counter<'node' | 'what'>>(registry, 'chat4all_storage_faults_total') ??
    new Counter({
      name: 'chat4all_storage_faults_total',
      help: 'Failed calls to storage',
      labelNames: ['node', 'what'],
      registers: [registry],
    })
  const depositions = counter('chat4all_depositions_total', 'Times that another node sealed this node’s log')
  const append =
    existing<Histogram<'node'>>(registry, 'chat4all_log_append_seconds') ??
    new Histogram({
      name: 'chat4all_log_append_seconds',
      help: 'From append to stable storage',
      labelNames: ['node'],
      registers: [registry],
      buckets: [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5],
    })
  const handoff =
    existing<Histogram<'node'>>(registry, 'chat4all_handoff_pause_seconds') ??
    new Histogram({
      name: 'chat4all_handoff_pause_seconds',
      help: 'How long the requests of a slot waited while it was handed to another node',
      labelNames: ['node'],
      registers: [registry],
      buckets: [0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5],
    })
  const slots = gauge('chat4all_slots_served', 'Slots that this node owns and serves')
  const viewLag = gauge('chat4all_view_lag_bytes', 'Committed bytes that the message view does not have yet')
  const publishedRecords = counter('chat4all_records_published_total', 'Log records that an event stream has confirmed')
  const publishLag = gauge(
    'chat4all_publication_lag_entries',
    'Committed entries that the slowest event stream or group does not have yet',
  )
  const pending = gauge('chat4all_pending_bytes', 'Accepted bytes that wait for a flush')
  const links = gauge('chat4all_links', 'Edges linked to this node')

  // What every flush tells waits for the next tick (`lag`): at low rates a flush is one message, and finding metrics by
  // their labels, with the caches cold, would be a good part of what it costs.
  let entriesCounted = 0
  let bytesCounted = 0
  let messagesCounted = 0
  let recordsPublished = 0
  let appendedMs: number[] = []
  const tally = (): void => {
    if (entriesCounted > 0) {
      entries.inc(labels, entriesCounted)
      bytes.inc(labels, bytesCounted)
      committed.inc(labels, messagesCounted)
    }
    if (recordsPublished > 0) publishedRecords.inc(labels, recordsPublished)
    recordsPublished = 0
    for (const ms of appendedMs) append.observe(labels, ms / 1000)
    entriesCounted = 0
    bytesCounted = 0
    messagesCounted = 0
    appendedMs = []
  }

  // A store that is away fails every call: each is counted, and one in some seconds is told.
  const tellSometimes = (level: 'error' | 'warn', what: string, fields: object, message: string): void => {
    const { at, untold } = told.get(what) ?? { at: Number.NEGATIVE_INFINITY, untold: 0 }
    const now = performance.now()
    if (now - at < TELL_AGAIN_MS) return void told.set(what, { at, untold: untold + 1 })
    told.set(what, { at: now, untold: 0 })
    log[level]({ ...fields, ...(untold > 0 && { untold }) }, message)
  }
  const told = new Map<string, { readonly at: number; readonly untold: number }>()

  // Slots move by the hundred: those of one turn are told in one line.
  let handedOver: { readonly slot: Slot; readonly to: NodeId; readonly pauseMs: number }[] = []
  const tellHandedOver = (): void => {
    const moved = handedOver
    handedOver = []
    for (const to of new Set(moved.map((one) => one.to))) {
      const there = moved.filter((one) => one.to === to)
      const fields = { to, slots: there.map(({ slot }) => slot), pause_ms: there.map(({ pauseMs }) => pauseMs) }
      log.info(fields, 'slots handed over')
    }
  }

  return {
    committed({ bytes: size, conversations, now }) {
      entriesCounted++
      bytesCounted += size
      const everyMessage = log.isLevelEnabled('debug')
      for (const { conversation, posts } of conversations) {
        messagesCounted += posts.length
        for (const post of posts) {
          if (post.trace === undefined && !everyMessage) continue
          const fields = {
            message_id: messageIdFromBytes(post.message_id),
            conversation: conversation.id,
            seq: post.seq,
            took_ms: now - post.time,
            ...(post.trace !== undefined && { trace_id: post.trace.slice(3, 35) }),
          }
          if (post.trace !== undefined) log.info(fields, 'message committed')
          else log.debug(fields, 'message committed')
        }
      }
    },
    appendTook(ms) {
      appendedMs.push(ms)
    },
    appendFailed({ log: name, offset, error }) {
      faults.inc({ node, what: 'append' })
      tellSometimes(
        'error',
        'append',
        { err: error, log: name, offset },
        'append failed: nothing is acknowledged until it succeeds',
      )
    },
    checkFailed({ log: name, error }) {
      faults.inc({ node, what: 'check-seal' })
      tellSometimes('warn', 'check-seal', { err: error, log: name }, 'seal check failed; asked again')
    },
    viewFailed({ what, error }) {
      faults.inc({ node, what: `view-${what}` })
      tellSometimes('error', `view-${what}`, { err: error, what }, 'the message view failed; asked again')
    },
    slotsFailed({ what, error }) {
      faults.inc({ node, what: `slots-${what}` })
      tellSometimes('error', `slots-${what}`, { err: error, what }, 'the slot table failed; asked again')
    },
    serving(count) {
      slots.set(labels, count)
      log.info({ slots: count }, 'serving slots')
    },
    handedOver({ slot, to, pauseMs }) {
      handoff.observe(labels, pauseMs / 1000)
      if (handedOver.length === 0) setImmediate(tellHandedOver)
      handedOver.push({ slot, to, pauseMs })
    },
    deposed(name) {
      depositions.inc(labels)
      log.warn({ log: name }, 'deposed: another node sealed this log; beginning again with a new one')
    },
    recoveryStep: ({ log: name, step, tookMs }) => log.info({ log: name, step, took_ms: tookMs }, 'recovering a log'),
    linkOpened(edge) {
      links.inc(labels)
      log.info({ edge }, 'edge linked')
    },
    linkClosed(edge, reason) {
      links.dec(labels)
      log.info({ edge, reason }, 'edge gone')
    },
    lag({ viewBytes, pendingBytes }) {
      tally()
      viewLag.set(labels, viewBytes)
      pending.set(labels, pendingBytes)
    },
    published(records) {
      recordsPublished += records
    },
    publicationLag(entriesBehind) {
      publishLag.set(labels, entriesBehind)
    },
    publicationFailed({ what, outlet, error }) {
      faults.inc({ node, what: `publication-${what}` })
      const message = 'publishing failed; tried again, and the log keeps what is not published'
      tellSometimes('warn', `publication ${what} ${outlet}`, { err: error, what, outlet }, message)
    },
    publicationSkipped: (skipped) =>
      log.warn(skipped, 'entries were dropped before they were to be published: the outlet does not get them'),
    swept: (batches) => log.debug({ batches }, 'expired messages deleted'),
    stopped() {
      tally()
      log.info('stopped; everything acknowledged is in the view')
    },
  }
}

/** Several nodes of one process share a registry. */
function existing<M>(registry: Registry, name: string): M | undefined {
  return registry.getSingleMetric(name) as M | undefined
}
