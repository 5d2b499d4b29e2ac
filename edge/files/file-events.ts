import type { EdgeId } from '@chat4all/protocol'
import type { Logger } from 'pino'
import { Counter, Histogram, type Metric, type Registry } from 'prom-client'
import type { FileEvents } from './file-context.js'

/** What happens to files, for log and metrics. No names of files: they are content. */
export function fileEvents(edge: EdgeId, logger: Logger, registry: Registry): FileEvents {
  const log = logger.child({ role: 'edge', edge })
  const uploads = shared(
    registry,
    'chat4all_uploads_total',
    (name) =>
      new Counter({
        name,
        help: 'Uploads, by what became of them',
        labelNames: ['outcome'],
        registers: [registry],
      }),
  )
  const bytes = shared(
    registry,
    'chat4all_file_bytes_total',
    (name) =>
      new Counter({
        name,
        help: 'Bytes of verified uploads, and copied between stores',
        labelNames: ['what'],
        registers: [registry],
      }),
  )
  const seconds = shared(
    registry,
    'chat4all_file_verify_seconds',
    (name) =>
      new Histogram({
        name,
        help: 'From the end of an upload to its verdict',
        buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60],
        registers: [registry],
      }),
  )
  return {
    initiated(_, reused) {
      uploads.inc({ outcome: reused ? 'reused' : 'begun' })
    },
    verified({ app, id, layout }, tookMs) {
      uploads.inc({ outcome: 'verified' })
      bytes.inc({ what: 'verified' }, layout.bytes)
      seconds.observe(tookMs / 1000)
      log.info({ event: 'file.verified', app, file: id, bytes: layout.bytes, took_ms: tookMs })
    },
    verificationFailed({ app, id }, reason) {
      uploads.inc({ outcome: 'failed' })
      log.info({ event: 'file.failed', app, file: id, reason })
    },
    removed(app, file) {
      uploads.inc({ outcome: 'removed' })
      log.info({ event: 'file.removed', app, file })
    },
    copied(app, sha256, to, tookMs) {
      log.info({ event: 'file.copied', app, sha256, to, took_ms: tookMs })
    },
    failed(what, app, file, err) {
      log.warn({ event: `file.${what}_failed`, app, file, err }, 'tried again later')
    },
  }
}

/** Edges that share a process share the metric. */
function shared<M extends Metric>(registry: Registry, name: string, make: (name: string) => M): M {
  return (registry.getSingleMetric(name) as M | undefined) ?? make(name)
}
