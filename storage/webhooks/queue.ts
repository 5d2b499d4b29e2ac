import { randomUUID } from 'node:crypto'
import type { KeyedRecord, Place, Records, StoredRecord, Version } from '../records/port.js'
import { decodeChunk, encodeChunk, inChunks } from './chunking.js'
import type { Aside, Backlog, Delivery, DeliveryQueue, WebhookRef } from './port.js'

const chunksOf = ({ id }: WebhookRef) => ({ kind: 'webhook-queue', partition: id })
const asidesOf = ({ id }: WebhookRef) => ({ kind: 'webhook-aside', partition: id })
const BACKLOGS = { kind: 'webhook-backlog', partition: 'all' }
const PAGE = 500

/**
 * What waits, in records. A chunk's key begins with when it was appended, so that what one process appends stays in
 * order. Adding: first the chunk, then the backlog that points to it; ending: the backlog is removed only at the version
 * that was read before the queue was found empty. So a chunk without a backlog exists only until its adder is done.
 */
export function recordsDeliveryQueue(records: Records, now: () => number): DeliveryQueue {
  let lastKeyTime = 0
  const origin = randomUUID().slice(0, 8)

  function nextKey(): string {
    lastKeyTime = Math.max(now() * 1_000, lastKeyTime + 1)
    return `${String(lastKeyTime).padStart(16, '0')}-${origin}`
  }

  async function touch(webhook: WebhookRef): Promise<void> {
    let stored: StoredRecord | undefined
    do stored = await records.get(backlogPlace(webhook))
    while (!(await records.put(backlogPlace(webhook), stored?.value ?? encodeBacklog(webhook), stored?.version)))
  }

  return {
    async append(webhook, deliveries) {
      if (deliveries.length === 0) return
      for (const chunk of inChunks(deliveries)) {
        const place = { ...chunksOf(webhook), key: nextKey() }
        if (!(await records.put(place, encodeChunk(chunk), undefined))) throw new Error(`chunk ${place.key} exists`)
      }
      await touch(webhook)
    },

    async chunks(webhook, range) {
      return (await records.list(chunksOf(webhook), range)).map((record) => ({
        key: record.key,
        version: record.version,
        deliveries: decodeChunk(record.value),
      }))
    },

    async replaceChunk(webhook, { key, version, deliveries }) {
      const place = { ...chunksOf(webhook), key }
      if (!(await records.put(place, encodeChunk(deliveries), version as Version))) return undefined
      const stored = await records.get(place)
      return stored && { key, version: stored.version, deliveries }
    },

    async removeChunk(webhook, { key, version }) {
      await records.remove({ ...chunksOf(webhook), key }, version as Version)
    },

    async setAside(webhook, delivery, due) {
      const place = { ...asidesOf(webhook), key: delivery.id }
      const value = Buffer.from(JSON.stringify({ delivery, due }))
      let stored: StoredRecord | undefined
      do stored = await records.get(place)
      while (!(await records.put(place, value, stored?.version)))
      const version = (await records.get(place))?.version ?? 0
      return { delivery, due, version }
    },

    async asides(webhook, range) {
      return (await records.list(asidesOf(webhook), range)).map(decodeAside)
    },

    async aside(webhook, deliveryId) {
      const record = await records.get({ ...asidesOf(webhook), key: deliveryId })
      return record && decodeAside(record)
    },

    async removeAside(webhook, { delivery, version }) {
      await records.remove({ ...asidesOf(webhook), key: delivery.id }, version as Version)
    },

    async backlogs() {
      const found: Backlog[] = []
      let page: KeyedRecord[]
      let after: string | undefined
      do {
        page = await records.list(BACKLOGS, { limit: PAGE, ...(after !== undefined && { after }) })
        found.push(...page.map(decodeBacklog))
        after = page.at(-1)?.key
      } while (page.length === PAGE)
      return found
    },

    async backlog(webhook) {
      const record = await records.get(backlogPlace(webhook))
      return record && decodeBacklog(record)
    },

    touch,

    async claim(webhook, claim) {
      for (;;) {
        const record = await records.get(backlogPlace(webhook))
        if (record === undefined) return undefined
        const stored = decodeBacklog(record)
        const isOthers = stored.holder !== undefined && stored.holder !== claim.holder && stored.until > now()
        if (isOthers) return undefined
        const value = encodeBacklog(webhook, { failingSince: stored.failingSince, ...claim })
        if (!(await records.put(backlogPlace(webhook), value, record.version))) continue
        return await this.backlog(webhook)
      }
    },

    finish: (backlog) => records.remove(backlogPlace(backlog), backlog.version as Version),
  }
}

const backlogPlace = ({ id }: WebhookRef): Place => ({ ...BACKLOGS, key: id })

type BacklogState = Pick<Backlog, 'holder' | 'until' | 'failingSince'>
const UNHELD: BacklogState = { holder: undefined, until: 0, failingSince: undefined }

function encodeBacklog({ app, id }: WebhookRef, state: BacklogState = UNHELD): Uint8Array {
  return Buffer.from(JSON.stringify({ app, id, ...state }))
}

function decodeBacklog({ value, version }: StoredRecord): Backlog {
  const { app, id, holder, until, failingSince } = JSON.parse(Buffer.from(value).toString()) as Backlog
  return { app, id, version, holder, until, failingSince }
}

function decodeAside({ value, version }: StoredRecord): Aside {
  const { delivery, due } = JSON.parse(Buffer.from(value).toString()) as { delivery: Delivery; due: number }
  return { delivery, due, version }
}
