import type { AppId } from '@chat4all/protocol'
import type { KeyedRecord, Place, Records, StoredRecord, Version } from '../records/port.js'
import type { Webhook, WebhookDefinitions, WebhookRef } from './port.js'
import type { SecretBox } from './secret-box.js'

const WEBHOOKS = { kind: 'webhook', partition: 'all' }
/** Changes with every definition: one record to look at instead of all. */
const GENERATION: Place = { kind: 'webhook-generation', partition: 'all', key: 'all' }
const PAGE = 500

/** Definitions in records, all in one partition: whoever delivers needs those of every app. */
export function recordsWebhookDefinitions(records: Records, box: SecretBox): WebhookDefinitions {
  const encode = (webhook: Webhook): Uint8Array =>
    Buffer.from(JSON.stringify(withSecrets(webhook, (secret) => box.seal(secret, keyOf(webhook)))))

  function decode(record: StoredRecord): Webhook {
    const stored = parse(record)
    return withSecrets(stored, (secret) => box.open(secret, keyOf(stored)))
  }

  /** Rises after the change is stored: who sees the new number sees the change. */
  async function changed(): Promise<void> {
    let stored: StoredRecord | undefined
    do stored = await records.get(GENERATION)
    while (!(await records.put(GENERATION, new Uint8Array(), stored?.version)))
  }

  async function page(range: { prefix?: string; after?: string; limit: number }): Promise<KeyedRecord[]> {
    return records.list(WEBHOOKS, range)
  }

  async function* every(): AsyncGenerator<KeyedRecord> {
    let rows: KeyedRecord[]
    let after: string | undefined
    do {
      rows = await page({ limit: PAGE, ...(after !== undefined && { after }) })
      yield* rows
      after = rows.at(-1)?.key
    } while (rows.length === PAGE)
  }

  return {
    async create(webhook) {
      if (!(await records.put(placeOf(webhook), encode(webhook), undefined))) return false
      await changed()
      return true
    },

    async get(ref) {
      const record = await records.get(placeOf(ref))
      return record && decode(record)
    },

    async list(app, { after, limit }) {
      const prefix = `${app}/`
      const range = { prefix, limit, ...(after !== undefined && { after: keyOf({ app, id: after }) }) }
      return (await page(range)).map(decode)
    },

    async update(ref, change) {
      for (;;) {
        const record = await records.get(placeOf(ref))
        if (record === undefined) return undefined
        const stored = decode(record)
        const next = change(stored)
        if (next === undefined) return stored
        if (!(await records.put(placeOf(ref), encode(next), record.version))) continue
        await changed()
        return next
      }
    },

    async remove(ref) {
      let version: Version | undefined
      do {
        version = (await records.get(placeOf(ref)))?.version
        if (version === undefined) return false
      } while (!(await records.remove(placeOf(ref), version)))
      await changed()
      return true
    },

    async all() {
      const found: Webhook[] = []
      for await (const record of every()) found.push(decode(record))
      return found
    },

    async sealAnew() {
      let count = 0
      for await (const record of every()) {
        const stored = parse(record)
        if (!stored.secrets.some(({ secret }) => box.isOutdated(secret))) continue
        if (await records.put(placeOf(stored), encode(decode(record)), record.version)) count++
      }
      if (count > 0) await changed()
      return count
    },

    async generation() {
      return (await records.get(GENERATION))?.version ?? 0
    },
  }
}

const keyOf = ({ app, id }: { app: AppId; id: string }): string => `${app}/${id}`
const placeOf = (ref: WebhookRef): Place => ({ ...WEBHOOKS, key: keyOf(ref) })
/** Secrets as they stand in the record. */
const parse = ({ value }: StoredRecord): Webhook => JSON.parse(Buffer.from(value).toString()) as Webhook

function withSecrets(webhook: Webhook, change: (secret: string) => string): Webhook {
  return { ...webhook, secrets: webhook.secrets.map((each) => ({ ...each, secret: change(each.secret) })) }
}
