import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import type { AppId } from '@chat4all/protocol'
import { openClassicLevelRecords } from '../records/classic-level.js'
import type { Records } from '../records/port.js'
import { SEALING_KEY_BYTES } from '../sealed-bytes.js'
import { deliveryId, timeOfDelivery } from './delivery-id.js'
import type { Delivery, Webhook, WebhookStore } from './port.js'
import { recordsWebhooks } from './records.js'
import { SealedSecretError } from './secret-box.js'

const NOW = 1_800_000_000_000
const app = 'shop' as AppId
const ref = { app, id: 'wh_1' }
const digest = (n: number): string => n.toString(16).padStart(32, '0')

let folder: string
let records: Records
let now: number
let store: WebhookStore

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chat4all-webhooks-'))
  records = await openClassicLevelRecords({ folder })
  now = NOW
  store = recordsWebhooks(records, { now: () => now })
})

afterEach(async () => {
  await records.close()
  await rm(folder, { recursive: true })
})

const webhook = (id: string, of: AppId = app): Webhook => ({
  app: of,
  id,
  url: 'https://example.org/',
  description: '',
  events: ['message.sent'],
  enabled: true,
  disabledReason: 'failing',
  secrets: [{ secret: 'whsec_eA==', expires: NOW }],
  created: NOW,
  updated: NOW,
})

const delivery = (n: number, time = NOW + n, body = '{}'): Delivery => ({
  id: deliveryId(time, digest(n)),
  event: 'message.sent',
  conversation: 'c',
  messageId: 'm',
  trace: 't',
  time,
  queued: time,
  body,
  attempts: 0,
  attemptLog: [],
})

test('a definition is read as it was written, listed with those of its app alone, and changed by compare-and-set', async () => {
  const { definitions } = store
  for (const id of ['wh_1', 'wh_2', 'wh_3']) await definitions.create(webhook(id))
  await definitions.create(webhook('wh_0', 'shop2' as AppId))
  assert.deepEqual(await definitions.get(ref), webhook('wh_1'))
  const ids = (found: Webhook[]) => found.map(({ id }) => id)
  assert.deepEqual(ids(await definitions.list(app, { limit: 2 })), ['wh_1', 'wh_2'])
  assert.deepEqual(ids(await definitions.list(app, { limit: 2, after: 'wh_2' })), ['wh_3'])
  assert.deepEqual(ids(await definitions.all()), ['wh_1', 'wh_2', 'wh_3', 'wh_0'])
  await Promise.all(
    [1, 2, 3].map(() => definitions.update(ref, (stored) => ({ ...stored, description: `${stored.description}x` }))),
  )
  assert.equal((await definitions.get(ref))!.description, 'xxx')
  assert.equal(await definitions.update({ app, id: 'none' }, (stored) => stored), undefined)
  assert.equal(await definitions.get({ app: 'shop2' as AppId, id: 'wh_1' }), undefined)
})

test('the generation is another one after every change of a definition, and after nothing else', async () => {
  const { definitions, queue } = store
  const seen = [await definitions.generation()]
  const look = async () => seen.push(await definitions.generation())
  await definitions.create(webhook('wh_1'))
  await look()
  await definitions.update(ref, (stored) => ({ ...stored, enabled: false }))
  await look()
  assert.equal(await definitions.remove(ref), true)
  await look()
  assert.equal(new Set(seen).size, 4)
  assert.equal(await definitions.remove(ref), false)
  await queue.append(ref, [delivery(1)])
  await look()
  assert.equal(seen.at(-1), seen.at(-2))
})

test('what is appended comes out in order, however many records it takes, also when the clock goes back', async () => {
  const { queue } = store
  const all = Array.from({ length: 250 }, (_, n) => delivery(n, NOW + n, 'x'.repeat(n % 50 === 0 ? 300_000 : 10)))
  await queue.append(ref, all.slice(0, 200))
  now -= 60_000
  await queue.append(ref, all.slice(200))
  const chunks = await queue.chunks(ref, { limit: 100 })
  assert.ok(chunks.length >= 5)
  assert.deepEqual(
    chunks.flatMap(({ deliveries }) => deliveries.map(({ id }) => id)),
    all.map(({ id }) => id),
  )
  for (const chunk of chunks) await queue.removeChunk(ref, chunk)
  assert.deepEqual(await queue.chunks(ref, { limit: 100 }), [])
})

test('a backlog ends only when nothing was appended since it was read', async () => {
  const { queue } = store
  await queue.append(ref, [delivery(1)])
  const claimed = (await queue.claim(ref, { holder: 'a', until: now + 1_000 }))!
  await queue.append(ref, [delivery(2)])
  assert.equal(await queue.finish(claimed), false)
  const again = (await queue.claim(ref, { holder: 'a', until: now + 1_000 }))!
  assert.equal(await queue.finish(again), true)
  assert.deepEqual(await queue.backlogs(), [])
  assert.equal(await queue.claim(ref, { holder: 'a', until: now + 1_000 }), undefined)
})

test('a backlog is one process’s until it lets the time pass', async () => {
  const { queue } = store
  await queue.touch(ref)
  assert.equal((await queue.claim(ref, { holder: 'a', until: now + 1_000, failingSince: 7 }))?.holder, 'a')
  assert.equal(await queue.claim(ref, { holder: 'b', until: now + 2_000 }), undefined)
  assert.equal((await queue.claim(ref, { holder: 'a', until: now + 1_500 }))?.until, now + 1_500)
  now += 1_501
  const taken = await queue.claim(ref, { holder: 'b', until: now + 1_000 })
  assert.deepEqual([taken?.holder, taken?.failingSince], ['b', 7])
  const healed = await queue.claim(ref, { holder: 'b', until: now + 1_000, failingSince: undefined })
  assert.equal(healed?.failingSince, undefined)
})

test('a delivery that is put aside is found by its id, put off, and removed at the version that was read', async () => {
  const { queue } = store
  const first = await queue.setAside(ref, delivery(1), now + 5)
  const second = await queue.setAside(ref, { ...delivery(1), attempts: 4 }, now + 50)
  assert.deepEqual(await queue.aside(ref, delivery(1).id), second)
  await queue.removeAside(ref, first)
  assert.deepEqual(await queue.asides(ref, { limit: 10 }), [second])
  await queue.removeAside(ref, second)
  assert.equal(await queue.aside(ref, delivery(1).id), undefined)
})

test('history is listed newest event first, found by id, and taken out of', async () => {
  const { history } = store
  const hours = [0, 1, 2, 3].map((n) => delivery(n, NOW + n * 3_600_000))
  await history.add(ref, 'dead', [hours[2]!, hours[0]!])
  await history.add(ref, 'dead', [hours[1]!, hours[3]!])
  await history.add(ref, 'succeeded', [delivery(9)])
  const pages = await history.pages(ref, 'dead', { limit: 10 })
  assert.deepEqual(
    pages.flatMap(({ deliveries }) => deliveries.map(({ time }) => time)),
    hours.map(({ time }) => time).reverse(),
  )
  for (const { id } of hours) assert.equal((await history.find(ref, 'dead', id))?.delivery.id, id)
  assert.equal(await history.find(ref, 'dead', delivery(9).id), undefined)
  assert.equal(await history.find(ref, 'dead', 'nonsense'), undefined)
  const { page } = (await history.find(ref, 'dead', hours[1]!.id))!
  await history.take(ref, 'dead', page, new Set([hours[1]!.id]))
  assert.equal(await history.find(ref, 'dead', hours[1]!.id), undefined)
  await history.forget(ref)
  assert.deepEqual(await history.pages(ref, 'dead', { limit: 10 }), [])
  assert.deepEqual(await history.pages(ref, 'succeeded', { limit: 10 }), [])
})

test('deliveries of one page that were close together stay findable when some are taken', async () => {
  const { history } = store
  const near = [0, 1, 2].map((n) => delivery(n, NOW + n * 200_000))
  await history.add(ref, 'dead', near)
  const { page } = (await history.find(ref, 'dead', near[0]!.id))!
  await history.take(ref, 'dead', page, new Set([near[2]!.id]))
  assert.equal((await history.find(ref, 'dead', near[0]!.id))?.delivery.id, near[0]!.id)
  assert.equal(await history.find(ref, 'dead', near[2]!.id), undefined)
})

test('the id of a delivery says when its event was', () => {
  assert.equal(timeOfDelivery(deliveryId(NOW, digest(5))), NOW)
  assert.equal(timeOfDelivery('evt_x'), undefined)
})

test('with a key secrets stand encrypted in the records; a new key takes over those of the old one', async () => {
  const [first, second] = [randomBytes(SEALING_KEY_BYTES), randomBytes(SEALING_KEY_BYTES)]
  const definitionsWith = (...secretsKeys: Uint8Array[]) => recordsWebhooks(records, { secretsKeys }).definitions
  const stands = async () => {
    const [record] = await records.list({ kind: 'webhook', partition: 'all' }, { limit: 1 })
    return Buffer.from(record!.value).toString()
  }
  await definitionsWith().create(webhook('wh_1'))
  assert.ok((await stands()).includes('whsec_eA=='))
  const before = await definitionsWith(first).generation()
  assert.equal(await definitionsWith(first).sealAnew(), 1)
  assert.notEqual(await definitionsWith(first).generation(), before)
  assert.ok(!(await stands()).includes('whsec_'))
  assert.deepEqual(await definitionsWith(first).get(ref), webhook('wh_1'))
  await assert.rejects(definitionsWith().get(ref), SealedSecretError)
  await assert.rejects(definitionsWith(second).all(), SealedSecretError)

  const rotating = definitionsWith(second, first)
  assert.deepEqual(await rotating.all(), [webhook('wh_1')])
  assert.equal(await rotating.sealAnew(), 1)
  assert.equal(await rotating.sealAnew(), 0)
  assert.deepEqual(await definitionsWith(second).list(app, { limit: 9 }), [webhook('wh_1')])
  await definitionsWith(second).update(ref, (stored) => ({ ...stored, description: 'x' }))
  assert.ok(!(await stands()).includes('whsec_'))
})
