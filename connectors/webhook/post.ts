import type { Attempt, Delivery, Webhook } from '@chat4all/storage'
import { Agent, type Dispatcher, request } from 'undici'
import type { AddressGuard } from './address-guard.js'
import { type Clock, systemClock } from './clock.js'
import type { WebhookLimits } from './limits.js'
import { signatureHeader, validSecrets } from './secrets.js'

/** What came of one attempt. */
export interface Posted {
  readonly attempt: Attempt
  /** The receiver asks not to be called for so long. */
  readonly retryAfterMs: number | undefined
}

/** Makes attempts: signed, to addresses that may be called, bounded in time and size, following no redirect. */
export interface Poster {
  post(webhook: Webhook, delivery: Delivery): Promise<Posted>
  close(): Promise<void>
}

export interface PosterOptions {
  readonly guard: AddressGuard
  readonly limits: WebhookLimits
  readonly clock?: Clock
  /** Of this software, for the header user-agent. */
  readonly version?: string
}

const KEEP_ALIVE_MS = 10_000
const HEADERS_BYTES_MAX = 16_384
const RETRY_AFTER_MS_MAX = 3_600_000

export function createPoster({ guard, limits, clock = systemClock, version = '2' }: PosterOptions): Poster {
  const agent = new Agent({
    connect: { lookup: guard.lookup, timeout: limits.connectMsMax },
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: HEADERS_BYTES_MAX,
    headersTimeout: limits.attemptMsMax,
    bodyTimeout: limits.attemptMsMax,
  })

  async function exchange(webhook: Webhook, delivery: Delivery): Promise<Dispatcher.ResponseData> {
    // Addresses written as numbers are never looked up, so they are judged here.
    const refusal = guard.refusalOf(webhook.url)
    if (refusal !== undefined) throw new Error(`the URL is refused: ${refusal}`)
    const at = new Date(clock.now())
    const { id, body, attempts, trace } = delivery
    return request(webhook.url, {
      dispatcher: agent,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': `Chat4All-Webhooks/${version}`,
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
        'webhook-signature': signatureHeader(validSecrets(webhook.secrets, at.getTime()), { id, at, body }),
        'webhook-attempt': String(attempts + 1),
        ...(trace !== undefined && { traceparent: trace }),
      },
      body,
      signal: AbortSignal.timeout(limits.attemptMsMax),
    })
  }

  return {
    async post(webhook, delivery) {
      const number = delivery.attempts + 1
      const at = clock.now()
      const startedMs = performance.now()
      const attempt = (result: Pick<Attempt, 'status' | 'error' | 'excerpt'>): Attempt => ({
        number,
        at,
        tookMs: Math.round(performance.now() - startedMs),
        ...result,
      })
      try {
        const { statusCode: status, headers, body } = await exchange(webhook, delivery)
        const excerpt = await excerptOf(body, limits)
        const taken = status >= 200 && status < 300
        const error = taken ? undefined : `it answered ${status}`
        return { attempt: attempt({ status, error, excerpt }), retryAfterMs: retryAfterMs(headers, at) }
      } catch (error) {
        return {
          attempt: attempt({ status: undefined, error: reasonOf(error), excerpt: undefined }),
          retryAfterMs: undefined,
        }
      }
    },

    close: () => agent.destroy(),
  }
}

/** The beginning of the answer. What goes past the bound is not read: the connection is closed instead. */
async function excerptOf(
  body: Dispatcher.ResponseData['body'],
  { answerBytesMax, excerptBytesMax }: WebhookLimits,
): Promise<string | undefined> {
  const kept: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (bytes < excerptBytesMax) kept.push(chunk.subarray(0, excerptBytesMax - bytes))
    bytes += chunk.length
    // Leaving the loop destroys the stream.
    if (bytes > answerBytesMax) break
  }
  return bytes === 0 ? undefined : Buffer.concat(kept).toString('utf8')
}

function retryAfterMs(headers: Readonly<Record<string, unknown>>, now: number): number | undefined {
  const { 'retry-after': text } = headers
  if (typeof text !== 'string') return undefined
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), RETRY_AFTER_MS_MAX)
}

/** What went wrong, in words for the owner of the webhook. */
function reasonOf(error: unknown): string {
  const { name, code, message } = error as { name?: string; code?: string; message?: string }
  if (name === 'TimeoutError') return 'it did not answer in time'
  return code === undefined ? String(message) : `${code}: ${message}`
}
