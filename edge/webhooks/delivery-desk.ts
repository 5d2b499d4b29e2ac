import { randomUUID } from 'node:crypto'
import { Chat4AllError } from '@chat4all/protocol'
import { type Chunk, type Delivery, deliveryId, type Webhook, type WebhookStore } from '@chat4all/storage'

/** What apps see of the deliveries of one webhook, and what they may do with them. */

export type DeliveryStatus = 'pending' | 'succeeded' | 'dead'

export interface SeenDelivery {
  readonly delivery: Delivery
  readonly status: DeliveryStatus
  /** When it is attempted again, where that is known: of those that wait behind others it is not. */
  readonly due: number | undefined
}

/** Where a listing goes on. */
export interface DeliveryPlace {
  readonly stage: Stage
  /** Key of the last record that was listed as a whole. */
  readonly after?: string
  /** So many of the next record were listed already. */
  readonly skip: number
}

/** What needs attention comes first. */
export const STAGES = ['aside', 'queue', 'dead', 'succeeded'] as const
export type Stage = (typeof STAGES)[number]

const STAGES_OF: Readonly<Record<DeliveryStatus, readonly Stage[]>> = {
  pending: ['aside', 'queue'],
  dead: ['dead'],
  succeeded: ['succeeded'],
}

const RECORDS_PER_READ = 10
/** Chunks of the queue that are searched for one delivery: it stands near where it was appended. */
const SEARCHED_CHUNKS = 50
/** One request moves no more: it has to end in time. */
const REDELIVERED_MAX = 10_000

/** A record of a listing: its key, and what is in it. */
interface Row {
  readonly key: string
  readonly seen: readonly SeenDelivery[]
}

export async function listDeliveries(
  store: WebhookStore,
  webhook: Webhook,
  status: DeliveryStatus | undefined,
  limit: number,
  from?: DeliveryPlace,
): Promise<{ readonly deliveries: SeenDelivery[]; readonly next: DeliveryPlace | undefined }> {
  const stages = status === undefined ? STAGES : STAGES_OF[status]
  const begin = from === undefined ? 0 : stages.indexOf(from.stage)
  if (begin < 0) throw new Chat4AllError('INVALID', 'This cursor belongs to a listing of another status.')
  const deliveries: SeenDelivery[] = []
  let place = from
  for (const stage of stages.slice(begin)) {
    place = place?.stage === stage ? place : { stage, skip: 0 }
    for (;;) {
      const rows: Row[] = await rowsOf(store, webhook, stage, place.after)
      for (const { key, seen } of rows) {
        const room = limit - deliveries.length
        const unseen = seen.slice(place.skip)
        deliveries.push(...unseen.slice(0, room))
        if (unseen.length > room) return { deliveries, next: { ...place, skip: place.skip + room } }
        place = { stage, after: key, skip: 0 }
      }
      if (rows.length < RECORDS_PER_READ) break
    }
  }
  return { deliveries, next: undefined }
}

async function rowsOf(store: WebhookStore, webhook: Webhook, stage: Stage, after?: string): Promise<Row[]> {
  const range = { limit: RECORDS_PER_READ, ...(after !== undefined && { after }) }
  if (stage === 'aside') {
    return (await store.queue.asides(webhook, range)).map(({ delivery, due }) => ({
      key: delivery.id,
      seen: [{ delivery, status: 'pending', due }],
    }))
  }
  const status = stage === 'queue' ? 'pending' : stage
  const chunks =
    stage === 'queue' ? await store.queue.chunks(webhook, range) : await store.history.pages(webhook, stage, range)
  return chunks.map(({ key, deliveries }) => ({
    key,
    seen: deliveries.map((delivery) => ({ delivery, status, due: undefined })),
  }))
}

/** @throws Chat4AllError NOT_FOUND */
export async function findDelivery(store: WebhookStore, webhook: Webhook, id: string): Promise<SeenDelivery> {
  const aside = await store.queue.aside(webhook, id)
  if (aside !== undefined) return { delivery: aside.delivery, status: 'pending', due: aside.due }
  const queued = await inQueue(store, webhook, id)
  if (queued !== undefined) return { delivery: queued, status: 'pending', due: undefined }
  for (const status of ['dead', 'succeeded'] as const) {
    const found = await store.history.find(webhook, status, id)
    if (found !== undefined) return { delivery: found.delivery, status, due: undefined }
  }
  throw new Chat4AllError('NOT_FOUND')
}

async function inQueue(store: WebhookStore, webhook: Webhook, id: string): Promise<Delivery | undefined> {
  for (const { deliveries } of await store.queue.chunks(webhook, { limit: SEARCHED_CHUNKS })) {
    const found = deliveries.find((delivery) => delivery.id === id)
    if (found !== undefined) return found
  }
  return undefined
}

/**
 * Makes one delivery wait again, whatever became of it; with the same id, so that a receiver that has it knows. One that
 * waits already is left as it is.
 * @throws Chat4AllError NOT_FOUND
 */
export async function redeliver(store: WebhookStore, webhook: Webhook, id: string, now: number): Promise<void> {
  const { delivery, status } = await findDelivery(store, webhook, id)
  const aside = await store.queue.aside(webhook, id)
  if (status === 'pending' && aside === undefined) return
  await store.queue.append(webhook, [{ ...delivery, queued: now }])
  if (aside !== undefined) await store.queue.removeAside(webhook, aside)
  if (status !== 'dead') return
  const found = await store.history.find(webhook, 'dead', id)
  if (found !== undefined) await store.history.take(webhook, 'dead', found.page, new Set([id]))
}

/**
 * Makes dead deliveries of a time wait again, the oldest event first. They are in the queue before they are taken from the
 * dead: whatever cuts this off loses none.
 */
export async function redeliverDead(
  store: WebhookStore,
  webhook: Webhook,
  { since, until, now }: { readonly since: number; readonly until: number; readonly now: number },
): Promise<{ readonly redelivered: number; readonly more: boolean }> {
  const isOfTime = ({ time }: Delivery): boolean => time >= since && time < until
  const keys = await keysOfDead(store, webhook, isOfTime)
  let redelivered = 0
  for (const before of keys.reverse()) {
    if (redelivered >= REDELIVERED_MAX) return { redelivered, more: true }
    const page = await pageAt(store, webhook, before)
    const those = page?.deliveries.filter(isOfTime) ?? []
    if (page === undefined || those.length === 0) continue
    await store.queue.append(
      webhook,
      those.toReversed().map((delivery) => ({ ...delivery, queued: now })),
    )
    await store.history.take(webhook, 'dead', page, new Set(those.map(({ id }) => id)))
    redelivered += those.length
  }
  return { redelivered, more: false }
}

interface PageKey {
  readonly after: string | undefined
  readonly key: string
}

/** Where pages stand that have any of them, the newest first: keys alone, since pages are large. */
async function keysOfDead(
  store: WebhookStore,
  webhook: Webhook,
  isOfTime: (delivery: Delivery) => boolean,
): Promise<PageKey[]> {
  const keys: PageKey[] = []
  let after: string | undefined
  for (;;) {
    const range = { limit: RECORDS_PER_READ, ...(after !== undefined && { after }) }
    const pages = await store.history.pages(webhook, 'dead', range)
    for (const { key, deliveries } of pages) {
      if (deliveries.some(isOfTime)) keys.push({ after, key })
      after = key
    }
    if (pages.length < RECORDS_PER_READ) return keys
  }
}

async function pageAt(store: WebhookStore, webhook: Webhook, { after, key }: PageKey): Promise<Chunk | undefined> {
  const range = { limit: RECORDS_PER_READ, ...(after !== undefined && { after }) }
  return (await store.history.pages(webhook, 'dead', range)).find((page) => page.key === key)
}

/** Queues an event that says nothing, to see whether it arrives. Returns the id of its delivery. */
export async function sendTest(store: WebhookStore, webhook: Webhook, now: number): Promise<string> {
  const id = deliveryId(now, randomUUID().replaceAll('-', ''))
  const type = 'webhook.test'
  const body = JSON.stringify({
    id,
    type,
    timestamp: new Date(now).toISOString(),
    data: { webhook_id: webhook.id, time: now },
  })
  const about = { event: type, conversation: undefined, messageId: undefined, trace: undefined }
  await store.queue.append(webhook, [{ id, ...about, time: now, queued: now, body, attempts: 0, attemptLog: [] }])
  return id
}
