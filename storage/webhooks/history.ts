import { randomUUID } from 'node:crypto'
import type { KeyedRecord, Partition, Records, Version } from '../records/port.js'
import { decodeChunk, encodeChunk, inChunks } from './chunking.js'
import { timeOfDelivery } from './delivery-id.js'
import { type Chunk, type DeliveryHistory, type Ended, HISTORY_DAYS, type WebhookRef } from './port.js'

/** Events of one page lie no further apart, so that a delivery is looked for in few pages. */
const PAGE_SPAN_MS_MAX = 600_000
/** Counted down from: keys are listed in ascending order, and the newest is to come first. */
const TIME_MAX = 10 ** 15 - 1
const DAY_SECONDS = 86_400
const FORGET_PAGES = 100
const FIND_PAGES = 20

/** What ended, in records: pages keyed by the time of their newest event. */
export function recordsDeliveryHistory(records: Records): DeliveryHistory {
  return {
    async add(webhook, state, deliveries) {
      const newestFirst = [...deliveries].sort((a, b) => b.time - a.time)
      const nearby = inChunks(newestFirst, (newest, next) => newest.time - next.time <= PAGE_SPAN_MS_MAX)
      for (const page of nearby) {
        const place = { ...pagesOf(webhook, state), key: `${countedDown(page[0]!.time)}-${randomUUID()}` }
        const options = { ttlSeconds: HISTORY_DAYS[state] * DAY_SECONDS }
        if (!(await records.put(place, encodeChunk(page), undefined, options))) {
          throw new Error(`page ${place.key} exists`)
        }
      }
    },

    async pages(webhook, state, range) {
      return (await records.list(pagesOf(webhook, state), range)).map(decodePage)
    },

    async find(webhook, state, deliveryId) {
      const time = timeOfDelivery(deliveryId)
      if (time === undefined) return undefined
      const last = countedDown(time)
      let after = countedDown(time + PAGE_SPAN_MS_MAX + 1)
      for (;;) {
        const rows = await records.list(pagesOf(webhook, state), { after, limit: FIND_PAGES })
        for (const page of rows.map(decodePage)) {
          if (page.key.slice(0, last.length) > last) return undefined
          const delivery = page.deliveries.find(({ id }) => id === deliveryId)
          if (delivery !== undefined) return { page, delivery }
        }
        if (rows.length < FIND_PAGES) return undefined
        after = rows.at(-1)!.key
      }
    },

    async take(webhook, state, page, deliveryIds) {
      const place = { ...pagesOf(webhook, state), key: page.key }
      const left = page.deliveries.filter(({ id }) => !deliveryIds.has(id))
      const options = { ttlSeconds: HISTORY_DAYS[state] * DAY_SECONDS }
      if (left.length === 0) await records.remove(place, page.version as Version)
      else await records.put(place, encodeChunk(left), page.version as Version, options)
    },

    async forget(webhook) {
      for (const state of ['succeeded', 'dead'] as const) {
        for (;;) {
          const rows = await records.list(pagesOf(webhook, state), { limit: FORGET_PAGES })
          if (rows.length === 0) break
          for (const { key, version } of rows) await records.remove({ ...pagesOf(webhook, state), key }, version)
        }
      }
    },
  }
}

const countedDown = (time: number): string => String(Math.max(0, TIME_MAX - time)).padStart(15, '0')
const pagesOf = ({ id }: WebhookRef, state: Ended): Partition => ({ kind: `webhook-${state}`, partition: id })

function decodePage({ key, value, version }: KeyedRecord): Chunk {
  return { key, version, deliveries: decodeChunk(value) }
}
