import { randomUUID } from 'node:crypto'
import { type AppId, Chat4AllError } from '@chat4all/protocol'
import { newWebhookSecret, type Webhook, type WebhookSecret, type WebhookStore } from '@chat4all/storage'

/** One app can have so many webhooks: each event may be sent to every one of them. */
const WEBHOOKS_PER_APP_UNLESS_TOLD = 50
const OVERLAP_SECONDS_UNLESS_TOLD = 86_400

export interface WebhookServiceOptions {
  readonly store: WebhookStore
  /** Why a URL may not be called; undefined: it may. */
  readonly refusalOf: (url: string) => Promise<string | undefined>
  /** Milliseconds since 1970. */
  readonly now?: () => number
  readonly webhooksPerAppMax?: number
}

export interface WebhookFields {
  readonly url: string
  readonly description: string
  readonly events: readonly string[] | undefined
  readonly enabled: boolean
}

/** A URL that may not be called. */
export class UrlRefusedError extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'UrlRefusedError'
  }
}

/** What apps do with the definitions of their webhooks. */
export class WebhookService {
  readonly store: WebhookStore
  readonly now: () => number
  private readonly refusalOf: WebhookServiceOptions['refusalOf']
  private readonly webhooksPerAppMax: number

  constructor(options: WebhookServiceOptions) {
    const { store, refusalOf, now = Date.now, webhooksPerAppMax = WEBHOOKS_PER_APP_UNLESS_TOLD } = options
    this.webhooksPerAppMax = webhooksPerAppMax
    this.store = store
    this.refusalOf = refusalOf
    this.now = now
  }

  /**
   * @param once a UUID: with the same one there is one webhook, and a repeat gets it as it is
   * @throws UrlRefusedError; Chat4AllError INVALID when the app has too many, IDEMPOTENCY_KEY_REUSED when another webhook
   * was made with it, UNAVAILABLE when one was made with it meanwhile and deleted.
   */
  async create(
    app: AppId,
    fields: WebhookFields,
    once: string = randomUUID(),
  ): Promise<Webhook & { readonly secret: string }> {
    await this.judge(fields.url)
    const id = `wh_${once.replaceAll('-', '')}`
    const made = await this.store.definitions.get({ app, id })
    if (made !== undefined) return madeBefore(made, fields)
    const others = await this.store.definitions.list(app, { limit: this.webhooksPerAppMax })
    if (others.length >= this.webhooksPerAppMax) {
      throw new Chat4AllError('INVALID', `An app has at most ${this.webhooksPerAppMax} webhooks; delete one first.`)
    }
    const now = this.now()
    const secret = newWebhookSecret()
    const webhook: Webhook = {
      ...fields,
      app,
      id,
      disabledReason: undefined,
      secrets: [{ secret, expires: undefined }],
      created: now,
      updated: now,
    }
    if (await this.store.definitions.create(webhook)) return { ...webhook, secret }
    // Another attempt at the same request was faster: its webhook is the one, unless it is gone already.
    const theirs = await this.store.definitions.get({ app, id })
    if (theirs === undefined) throw new Chat4AllError('UNAVAILABLE', 'Another attempt was being made. Send it again.')
    return madeBefore(theirs, fields)
  }

  list(app: AppId, range: { readonly after?: string; readonly limit: number }): Promise<Webhook[]> {
    return this.store.definitions.list(app, range)
  }

  /** @throws Chat4AllError NOT_FOUND */
  async get(app: AppId, id: string): Promise<Webhook> {
    return found(await this.store.definitions.get({ app, id }))
  }

  /** @throws UrlRefusedError; Chat4AllError NOT_FOUND */
  async change(app: AppId, id: string, change: Partial<WebhookFields>): Promise<Webhook> {
    await this.get(app, id)
    if (change.url !== undefined) await this.judge(change.url)
    const updated = this.now()
    return found(
      await this.store.definitions.update({ app, id }, (stored) => ({
        ...stored,
        ...change,
        // Who says anything about `enabled` has seen why it was taken away.
        ...(change.enabled !== undefined && { disabledReason: undefined }),
        updated,
      })),
    )
  }

  /** @throws Chat4AllError NOT_FOUND */
  async remove(app: AppId, id: string): Promise<void> {
    if (!(await this.store.definitions.remove({ app, id }))) throw new Chat4AllError('NOT_FOUND')
    // Whoever delivers cleans up what waited.
    await this.store.queue.touch({ app, id })
  }

  /** A new secret; the one of before signs too for a while. @throws Chat4AllError NOT_FOUND */
  async rotate(
    app: AppId,
    id: string,
    overlapSeconds = OVERLAP_SECONDS_UNLESS_TOLD,
  ): Promise<{ readonly secret: string; readonly previousExpires: number }> {
    const secret = newWebhookSecret()
    const now = this.now()
    const previousExpires = now + overlapSeconds * 1_000
    const previous = (secrets: readonly WebhookSecret[]): WebhookSecret[] => {
      // Only the one that was current gets the overlap: signatures by many secrets would make a long header.
      const [current] = secrets
      return current === undefined || overlapSeconds === 0 ? [] : [{ ...current, expires: previousExpires }]
    }
    found(
      await this.store.definitions.update({ app, id }, (stored) => ({
        ...stored,
        secrets: [{ secret, expires: undefined }, ...previous(stored.secrets)],
        updated: now,
      })),
    )
    return { secret, previousExpires }
  }

  private async judge(url: string): Promise<void> {
    const refusal = await this.refusalOf(url)
    if (refusal !== undefined) throw new UrlRefusedError(refusal)
  }
}

function found(webhook: Webhook | undefined): Webhook {
  if (webhook === undefined) throw new Chat4AllError('NOT_FOUND')
  return webhook
}

/** The first attempt made it, and its answer was lost. */
function madeBefore(made: Webhook, asked: WebhookFields): Webhook & { readonly secret: string } {
  const isSame =
    made.url === asked.url &&
    made.description === asked.description &&
    made.enabled === asked.enabled &&
    JSON.stringify(made.events) === JSON.stringify(asked.events)
  const [current] = made.secrets
  if (!isSame || current === undefined) throw new Chat4AllError('IDEMPOTENCY_KEY_REUSED')
  return { ...made, secret: current.secret }
}
