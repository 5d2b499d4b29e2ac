import { Chat4AllError, ERRORS, type ErrorCode } from '@chat4all/protocol'
import type { DownloadAnswer, FileAnswer, InitiatedAnswer, PartsAnswer, PartUrlsAnswer } from '@chat4all/protocol/rest'
import { CertificateError, noAnswer } from '../client/no-answer.js'

export interface FilesApiOptions {
  /** The server: `https://host`. Several: when one does not answer, the next is asked. */
  readonly url: string | readonly string[]
  /** An access token, or how to get one; `refused` is one that the server did not take. */
  readonly token: string | ((refused: string | undefined) => string | Promise<string>)
  readonly fetch?: typeof fetch
}

/** So long a server that does not answer is tried: one that restarts is back by then. */
const TRY_MS_MAX = 120_000
const WAIT_MS = 250
const WAIT_MS_MAX = 5_000
const ANSWER_MS_MAX = 150_000
/**
 * A server that died over a request holds its key for a minute. An upload is not worth the wait: another is begun, and the
 * first, if there is one, is dropped after a day as any that nobody completes.
 */
const IN_PROGRESS_MS_MAX = 5_000

interface Asked {
  readonly body?: object | undefined
  readonly signal?: AbortSignal | undefined
  /** Sent with a key: a repeat, after an answer that was lost, does nothing twice. */
  readonly idempotent?: boolean
}

interface Sent extends Pick<Asked, 'body' | 'signal'> {
  readonly key: string | undefined
}

/** The calls of /v1/files: with a token, again where that makes sense, at another edge when one is gone. */
export class FilesApi {
  private readonly options: FilesApiOptions
  private readonly bases: readonly string[]
  private base = 0
  private known: string | undefined

  /** @throws Chat4AllError INVALID */
  constructor(options: FilesApiOptions) {
    this.options = options
    const { url } = options
    this.bases = (typeof url === 'string' ? [url] : url).map(httpBase)
  }

  initiate(body: object, signal?: AbortSignal): Promise<InitiatedAnswer> {
    return this.ask('POST', '/v1/files/initiate', { body, signal, idempotent: true })
  }

  parts(id: string, signal?: AbortSignal): Promise<PartsAnswer> {
    return this.ask('GET', `/v1/files/${encodeURIComponent(id)}/parts`, { signal })
  }

  partUrls(id: string, parts: readonly number[], signal?: AbortSignal): Promise<PartUrlsAnswer> {
    return this.ask('POST', `/v1/files/${encodeURIComponent(id)}/parts`, { body: { part_numbers: parts }, signal })
  }

  complete(id: string, checksum: string, parts: readonly string[], signal?: AbortSignal): Promise<FileAnswer> {
    return this.ask('POST', '/v1/files/complete', { body: { file_id: id, checksum, parts }, signal })
  }

  get(id: string, conversation?: string, signal?: AbortSignal): Promise<FileAnswer> {
    return this.ask('GET', `/v1/files/${encodeURIComponent(id)}${query({ conversation_id: conversation })}`, { signal })
  }

  download(id: string, disposition: string, conversation?: string): Promise<DownloadAnswer> {
    const parameters = query({ redirect: 'false', disposition, conversation_id: conversation })
    return this.ask('GET', `/v1/files/${encodeURIComponent(id)}/content${parameters}`, {})
  }

  async remove(id: string): Promise<void> {
    await this.ask('DELETE', `/v1/files/${encodeURIComponent(id)}`, {})
  }

  /** Presigned addresses may be relative to the server. */
  resolve(url: string): string {
    return new URL(url, this.bases[this.base]).href
  }

  private async ask<T>(method: string, path: string, { body, signal, idempotent = false }: Asked): Promise<T> {
    const giveUpAt = performance.now() + TRY_MS_MAX
    let key = idempotent ? newIdempotencyKey() : undefined
    let newKeyAt: number | undefined
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.once<T>(method, path, { body, signal, key })
      } catch (error) {
        if (signal?.aborted) throw signal.reason
        if (!(error instanceof Chat4AllError) || error instanceof CertificateError) throw error
        const { retry } = ERRORS[error.code]
        if (retry === 'never' || performance.now() > giveUpAt) throw error
        if (retry === 'token') {
          if (attempt > 1 || typeof this.options.token === 'string') throw error
          continue
        }
        if (error.code === 'IN_PROGRESS') {
          newKeyAt ??= performance.now() + IN_PROGRESS_MS_MAX
          if (performance.now() >= newKeyAt) {
            key = newIdempotencyKey()
            newKeyAt = undefined
          }
        }
        // Another edge may answer at once; the same one, a moment later.
        await pause(error.retryAfter ?? Math.min(WAIT_MS * 2 ** attempt, WAIT_MS_MAX), signal)
      }
    }
  }

  private async once<T>(method: string, path: string, { body, signal, key }: Sent): Promise<T> {
    const token = await this.token()
    const base = this.bases[this.base]!
    let response: Response
    let text: string
    try {
      const late = AbortSignal.timeout(ANSWER_MS_MAX)
      response = await (this.options.fetch ?? fetch)(new URL(path, base), {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body && { 'content-type': 'application/json' }),
          ...(key !== undefined && { 'idempotency-key': key }),
        },
        ...(body && { body: JSON.stringify(body) }),
        signal: signal ? AbortSignal.any([signal, late]) : late,
      })
      text = await response.text()
    } catch (cause) {
      // The next one is asked from here on: an upload goes on at any edge.
      this.base = (this.base + 1) % this.bases.length
      throw noAnswer(base, cause)
    }
    if (response.status === 401) this.refuse(token)
    const answer = parsed(text)
    if (!response.ok) throw problemOf(response.status, answer)
    return answer as T
  }

  private refused: string | undefined

  private async token(): Promise<string> {
    const { token } = this.options
    if (typeof token === 'string') return token
    this.known ??= await token(this.refused)
    return this.known
  }

  private refuse(token: string): void {
    this.refused = token
    this.known = undefined
  }
}

/** Not `randomUUID`, which pages without TLS lack. */
function newIdempotencyKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      if (signal?.aborted) reject(signal.reason)
      else resolve()
    }
    const timer = setTimeout(done, ms)
    if (signal?.aborted) done()
    else signal?.addEventListener('abort', done)
  })
}

function httpBase(url: string): string {
  if (!URL.canParse(url)) throw new Chat4AllError('INVALID', `${url} is not an address like https://chat.example.com`)
  return new URL(url.replace(/^ws/, 'http')).origin
}

function query(parameters: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined)
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}

function parsed(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text)
  } catch {
    return {}
  }
}

function problemOf(status: number, body: unknown): Chat4AllError {
  const { code, detail, retry_after: retryAfter } = (body ?? {}) as Record<string, unknown>
  const isKnown = typeof code === 'string' && Object.hasOwn(ERRORS, code)
  const known = isKnown ? (code as ErrorCode) : status < 500 ? 'INVALID' : 'UNAVAILABLE'
  return new Chat4AllError(
    known,
    typeof detail === 'string' ? detail : `The server answered HTTP ${status}.`,
    typeof retryAfter === 'number' ? retryAfter : undefined,
  )
}
