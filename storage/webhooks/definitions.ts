import type { AppId } from '@chat4all/protocol'
import type { KeyedRecord, Place, Records, StoredRecord, Version } from '../records/port.js'
import type { Webhook, WebhookDefinitions, WebhookRef } from './port.js'

const WEBHOOKS = { kind: 'webhook', partition: 'all' }
/** Changes with every definition: one record to look at instead of all. */
const GENERATION: Place = { kind: 'webhook-generation', partition: 'all', key: 'all' }
const PAGE = 500

/** Definitions in records, all in one partition: whoever delivers needs those of every app. */
export function recordsWebhookDefinitions(records: Records): WebhookDefinitions {
  /** Rises after the change is stored: who sees the new number sees the change. */
  async function changed(): Promise<void> {
    let stored: StoredRecord | undefined
    do stored = await records.get(GENERATION)
    while (!(await records.put(GENERATION, new Uint8Array(), stored?.version)))
  }

  async function page(range: { prefix?: string; after?: string; limit: number }): Promise<KeyedRecord[]> {
    return records.list(WEBHOOKS, range)
  }

  return {
    async create(webhook) {
      if (!(await records.put(placeOf(webhook), encode(webhook), undefined))) {
        throw new Error(`webhook ${webhook.id} exists`)
      }
      await changed()
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
      let rows: KeyedRecord[]
      let after: string | undefined
      do {
        rows = await page({ limit: PAGE, ...(after !== undefined && { after }) })
        found.push(...rows.map(decode))
        after = rows.at(-1)?.key
      } while (rows.length === PAGE)
      return found
    },

    async generation() {
      return (await records.get(GENERATION))?.version ?? 0
    },
  }
}

const keyOf = ({ app, id }: { app: AppId; id: string }): string => `${app}/${id}`
const placeOf = (ref: WebhookRef): Place => ({ ...WEBHOOKS, key: keyOf(ref) })
const encode = (webhook: Webhook): Uint8Array => Buffer.from(JSON.stringify(webhook))

const decode = ({ value }: StoredRecord): Webhook => JSON.parse(Buffer.from(value).toString()) as Webhook
