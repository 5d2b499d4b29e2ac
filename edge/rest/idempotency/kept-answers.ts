import { randomBytes } from 'node:crypto'
import { Chat4AllError } from '@chat4all/protocol'
import { openBytes, type Place, type Records, type StoredRecord, sealBytes } from '@chat4all/storage'
import type { IdempotencyKey } from './idempotency-key.js'

/** So long a key stands for its request: a day. */
const TTL = { ttlSeconds: 86_400 }
/** No request takes so long: its edge died, and another may try. */
const ABANDONED_MS = 60_000
const IN_PROGRESS_RETRY_MS = 1_000
const UNREADABLE =
  'This request was done, and the answer to its Idempotency-Key can no longer be read. ' +
  'Look whether what it made exists; to make another, use a new key.'

/** An answer as it goes out. */
export interface KeptAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What stands under a key. */
interface Entry {
  /** Of the request that came with it first. */
  readonly fingerprint: string
  /** Names the attempt that may write the answer. */
  readonly attempt: string
  readonly startedAt: number
  /** Encrypted, base64; undefined: the request is being done. */
  readonly answer?: string
}

/**
 * Does each request that carries a key once, on whatever edge it comes in, and gives its answer again for a day. An
 * answer is only kept of what succeeded: after a refusal, or a fault, the same key may be sent again.
 */
export class KeptAnswers {
  private readonly records: Records
  private readonly now: () => number

  /** @param now milliseconds since 1970 */
  constructor(records: Records, now: () => number) {
    this.records = records
    this.now = now
  }

  /**
   * @param fingerprint tells requests apart
   * @throws Chat4AllError IDEMPOTENCY_KEY_REUSED: another request came with this key; IN_PROGRESS: this one is being done;
   * CONFLICT: it was done, and its answer can no longer be read; and what `run` throws.
   */
  async once(
    key: IdempotencyKey,
    fingerprint: string,
    run: () => Promise<KeptAnswer>,
  ): Promise<KeptAnswer & { readonly replayed: boolean }> {
    const place = placeOf(key)
    const attempt = randomBytes(12).toString('base64url')
    const sealedAnswer = await this.answerOrBegin(place, { fingerprint, attempt, startedAt: this.now() })
    if (sealedAnswer !== undefined) return { ...opened(sealedAnswer, key.secret), replayed: true }
    let answer: KeptAnswer
    try {
      answer = await run()
    } catch (error) {
      // Without the store the entry stays, and is taken over when it looks abandoned.
      await this.end(place, attempt, undefined).catch(() => {})
      throw error
    }
    // It is done: a store that fails now must not turn it into a fault.
    await this.end(place, attempt, sealed(answer, key.secret)).catch(() => {})
    return { ...answer, replayed: false }
  }

  /** The answer that is kept; undefined: it is this attempt's to do. */
  private async answerOrBegin(place: Place, entry: Entry): Promise<string | undefined> {
    for (;;) {
      const record = await this.records.get(place)
      if (record !== undefined) {
        const { fingerprint, startedAt, answer } = decode(record)
        if (fingerprint !== entry.fingerprint) throw new Chat4AllError('IDEMPOTENCY_KEY_REUSED')
        if (answer !== undefined) return answer
        if (this.now() - startedAt < ABANDONED_MS) {
          throw new Chat4AllError('IN_PROGRESS', undefined, IN_PROGRESS_RETRY_MS)
        }
      }
      // False: another was faster, and what it wrote decides.
      if (await this.records.put(place, encode(entry), record?.version, TTL)) return undefined
    }
  }

  /** Keeps the answer, or without one forgets the key, if it is still this attempt's. */
  private async end(place: Place, attempt: string, answer: string | undefined): Promise<void> {
    const record = await this.records.get(place)
    if (record === undefined) return
    const entry = decode(record)
    if (entry.attempt !== attempt) return
    if (answer === undefined) await this.records.remove(place, record.version)
    else await this.records.put(place, encode({ ...entry, answer }), record.version, TTL)
  }
}

/** Each in a partition of its own: compare-and-set of one waits for no other. */
function placeOf({ name }: IdempotencyKey): Place {
  return { kind: 'idempotency', partition: name, key: 'answer' }
}

function encode(entry: Entry): Uint8Array {
  return Buffer.from(JSON.stringify(entry))
}

function decode({ value }: StoredRecord): Entry {
  return JSON.parse(Buffer.from(value).toString()) as Entry
}

function sealed(answer: KeptAnswer, secret: Buffer): string {
  return sealBytes(secret, JSON.stringify(answer)).toString('base64')
}

/**
 * What was sealed otherwise (by another version, or damaged since) says at least that the request was done: it is neither
 * done again nor a fault.
 * @throws Chat4AllError CONFLICT
 */
function opened(sealedAnswer: string, secret: Buffer): KeptAnswer {
  let text: string
  try {
    text = openBytes(secret, Buffer.from(sealedAnswer, 'base64'))
  } catch {
    throw new Chat4AllError('CONFLICT', UNREADABLE)
  }
  return JSON.parse(text) as KeptAnswer
}
