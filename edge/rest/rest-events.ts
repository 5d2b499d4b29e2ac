import type { Logger } from 'pino'

export interface AnswerSample {
  readonly method: string
  /** The path as declared, or `other`: few values, fit for a label of a metric. */
  readonly route: string
  readonly status: number
  readonly tookMs: number
}

export interface AnswerEvent extends AnswerSample {
  readonly requestId: string
  readonly trace: string | undefined
  readonly remoteAddress: string | undefined
  readonly about: { readonly message_id?: string; readonly conversation_id?: string } | undefined
}

/** What the REST API tells the log and the metrics. Ids only: no texts, no tokens, no query strings. */
export interface RestEvents {
  answered(event: AnswerEvent): void
  failed(error: unknown, requestId: string): void
  /** A step of erasing a user failed: it is tried again. */
  erasureFailed(job: { readonly app: string; readonly id: string }, error: unknown): void
}

export function restEvents(logger: Logger, onAnswer: ((sample: AnswerSample) => void) | undefined): RestEvents {
  return {
    answered(event) {
      const { about, trace, ...rest } = event
      onAnswer?.(event)
      logger.info({ event: 'rest.answered', ...rest, ...about, ...(trace && { trace_id: trace.slice(3, 35) }) })
    },
    erasureFailed({ app, id }, error) {
      logger.warn({ event: 'rest.erasure-failed', app, erasure: id, err: error }, 'erasing a user goes on later')
    },
    failed(error, requestId) {
      logger.error({ event: 'rest.failed', requestId, err: error }, 'a request met a bug')
    },
  }
}
