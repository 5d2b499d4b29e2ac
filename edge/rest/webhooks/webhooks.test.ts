import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { before, beforeEach, test } from 'node:test'
import { type AppId, Chat4AllError } from '@chat4all/protocol'
import type { Delivery } from '@chat4all/storage'
import { type Answer, type RestFixture, restFixture } from '../testing/rest-fixture.js'
import { deadDelivery } from '../testing/some-delivery.js'

const APP = 'demo' as AppId
const URL = 'https://example.org/hooks'

let fixture: RestFixture
let token: string
let id: string
let secret: string

before(async () => {
  fixture = await restFixture()
  token = await fixture.token()
})

beforeEach(async () => {
  const { body } = await call('POST', '/v1/webhooks', { url: URL })
  id = body.webhook_id
  secret = body.secret
})

const call = (method: string, path: string, json?: unknown): Promise<Answer> =>
  fixture.call(method, path, { token, ...(json !== undefined && { json }) })
const of = (path = ''): string => `/v1/webhooks/${id}${path}`
const stored = async () => (await fixture.webhookStore.definitions.get({ app: APP, id }))!
const queued = async () =>
  (await fixture.webhookStore.queue.chunks({ app: APP, id }, { limit: 100 })).flatMap(({ deliveries }) => deliveries)
const dead = (deliveries: readonly Delivery[]) => fixture.webhookStore.history.add({ app: APP, id }, 'dead', deliveries)

test('the secret is shown when it is made, and never again', async () => {
  assert.match(secret, /^whsec_[A-Za-z0-9+/]{32}$/)
  assert.equal((await stored()).secrets[0]!.secret, secret)
  const shown = [await call('GET', of()), await call('GET', '/v1/webhooks'), await call('PATCH', of(), {})]
  for (const { status, body } of shown) {
    assert.equal(status, 200)
    assert.ok(!JSON.stringify(body).includes('whsec_'))
  }
  assert.ok(!JSON.stringify(fixture.log).includes('whsec_'))
})

test('two attempts with one key that overlap, the first a minute late, make one webhook and get the same answer', async () => {
  const { definitions } = fixture.webhookStore
  const { create } = definitions
  let reached!: () => void
  let goOn!: () => void
  const reachedStore = new Promise<void>((resolve) => (reached = resolve))
  const mayGoOn = new Promise<void>((resolve) => (goOn = resolve))
  definitions.create = async (webhook) => {
    definitions.create = create
    reached()
    await mayGoOn
    return create.call(definitions, webhook)
  }
  const headers = { 'idempotency-key': randomUUID() }
  const register = () =>
    fixture.call('POST', '/v1/webhooks', { token, json: { url: 'https://example.org/overlap' }, headers })
  try {
    const slow = register()
    await reachedStore
    fixture.pass(60_000)
    const second = await register()
    goOn()
    const first = await slow
    assert.deepEqual([first.status, second.status], [201, 201])
    assert.deepEqual(first.body, second.body)
  } finally {
    definitions.create = create
  }
})

test('a webhook that was made though the answer was 503 is not made again for the same key', async () => {
  const { definitions } = fixture.webhookStore
  const { create } = definitions
  let faults = 1
  definitions.create = async (webhook) => {
    const isNew = await create.call(definitions, webhook)
    if (faults-- > 0) throw new Chat4AllError('UNAVAILABLE')
    return isNew
  }
  const headers = { 'idempotency-key': randomUUID() }
  const url = 'https://example.org/once'
  const register = (json: object) => fixture.call('POST', '/v1/webhooks', { token, json, headers })
  try {
    assert.equal((await register({ url })).status, 503)
    // The key is free again after a fault, but not for another webhook.
    const other = await register({ url, description: 'another' })
    assert.deepEqual([other.status, other.body.code], [422, 'IDEMPOTENCY_KEY_REUSED'])
    const made = await register({ url })
    assert.equal(made.status, 201)
    const { body } = await call('GET', '/v1/webhooks')
    const ids = body.webhooks.filter((webhook: { url: string }) => webhook.url === url)
    assert.deepEqual(
      ids.map(({ webhook_id }: { webhook_id: string }) => webhook_id),
      [made.body.webhook_id],
    )
    const ref = { app: APP, id: made.body.webhook_id }
    assert.equal((await definitions.get(ref))!.secrets[0]!.secret, made.body.secret)
  } finally {
    definitions.create = create
  }
})

test('a webhook is changed in what is named and stays as it was in the rest', async () => {
  await call('PATCH', of(), { events: ['message.read'], description: 'receipts' })
  const { body } = await call('PATCH', of(), { enabled: false })
  assert.deepEqual([body.url, body.events, body.description, body.enabled], [URL, ['message.read'], 'receipts', false])
  assert.equal((await call('PATCH', of(), { events: null })).body.events, null)
})

test('a URL that may not be called is refused by name, at registration and at a change', async () => {
  for (const answer of [
    await call('POST', '/v1/webhooks', { url: 'http://10.0.0.1/' }),
    await call('PATCH', of(), { url: 'http://10.0.0.1/' }),
  ]) {
    assert.equal(answer.status, 400)
    assert.equal(answer.body.errors[0].path, '/url')
    assert.match(answer.body.errors[0].message, /must begin with https/)
  }
})

test('after a rotation both secrets sign until the overlap ends; a second one takes the oldest away', async () => {
  const { body } = await call('POST', of('/rotate-secret'), { overlap: 3_600 })
  assert.deepEqual(
    (await stored()).secrets.map((each) => [each.secret, each.expires]),
    [
      [body.secret, undefined],
      [secret, body.previous_expires],
    ],
  )
  assert.equal((await call('GET', of())).body.secrets.length, 2)
  const again = await call('POST', of('/rotate-secret'), { overlap: 0 })
  assert.deepEqual(
    (await stored()).secrets.map((each) => each.secret),
    [again.body.secret],
  )
})

test('a test is queued as an event of its own', async () => {
  const { status, body } = await call('POST', of('/test'))
  assert.equal(status, 202)
  const [delivery] = await queued()
  assert.equal(delivery!.id, body.delivery_id)
  const read = await call('GET', of(`/deliveries/${body.delivery_id}`))
  assert.deepEqual([read.body.status, read.body.attempts], ['pending', 0])
  assert.deepEqual([read.body.payload.type, read.body.payload.data.webhook_id], ['webhook.test', id])
})

test('deliveries are listed page by page, those that wait first, each once', async () => {
  const { queue, history } = fixture.webhookStore
  const ref = { app: APP, id }
  const [aside, ...others] = Array.from({ length: 9 }, (_, n) => deadDelivery(1_770_000_000_000 + n))
  await queue.setAside(ref, aside!, 1_770_000_100_000)
  await queue.append(ref, others.slice(0, 3))
  await history.add(ref, 'dead', others.slice(3, 5))
  await history.add(ref, 'succeeded', others.slice(5))
  const listed: { delivery_id: string; status: string }[] = []
  for (let next: string | null = of('/deliveries?limit=2'); next !== null; ) {
    const { body } = await call('GET', next)
    assert.ok(body.deliveries.length <= 2)
    listed.push(...body.deliveries)
    next = body.next
  }
  assert.deepEqual(
    listed.map(({ delivery_id }) => delivery_id),
    [aside!, ...others.slice(0, 3), others[4]!, others[3]!, ...others.slice(5).reverse()].map((each) => each.id),
  )
  assert.deepEqual(
    listed.map(({ status }) => status),
    [...Array(4).fill('pending'), ...Array(2).fill('dead'), ...Array(3).fill('succeeded')],
  )
  const { body } = await call('GET', of('/deliveries?status=succeeded'))
  assert.equal(body.deliveries.length, 3)
  assert.equal((await call('GET', of('/deliveries?cursor=nonsense'))).status, 400)
})

test('a dead delivery is redelivered with the same id and payload, and is dead no more', async () => {
  const [one, other] = [deadDelivery(), deadDelivery()]
  await dead([one, other])
  const read = await call('GET', of(`/deliveries/${one.id}`))
  assert.deepEqual([read.body.status, read.body.attempt_log[0].excerpt], ['dead', 'no'])
  assert.equal((await call('POST', of(`/deliveries/${one.id}/redeliver`))).status, 202)
  const [again] = await queued()
  assert.deepEqual([again!.id, again!.body], [one.id, one.body])
  assert.equal((await call('GET', of(`/deliveries/${one.id}`))).body.status, 'pending')
  assert.equal((await call('GET', of('/deliveries?status=dead'))).body.deliveries.length, 1)
  // Whoever delivers is told.
  assert.ok(await fixture.webhookStore.queue.backlog({ app: APP, id }))
})

test('one that waits for its next attempt gets it now; one that was taken is sent again', async () => {
  const { queue, history } = fixture.webhookStore
  const [waits, taken] = [deadDelivery(), deadDelivery()]
  await queue.setAside({ app: APP, id }, waits, 2_000_000_000_000)
  await history.add({ app: APP, id }, 'succeeded', [taken])
  for (const { id: each } of [waits, taken, waits]) await call('POST', of(`/deliveries/${each}/redeliver`))
  assert.deepEqual(
    (await queued()).map((each) => each.id),
    [waits.id, taken.id],
  )
  assert.equal(await queue.aside({ app: APP, id }, waits.id), undefined)
})

test('all dead letters of a time are redelivered, the oldest first, and no others', async () => {
  const minute = (n: number) => 1_770_000_000_000 + n * 60_000
  const letters = [1, 2, 3, 40, 41].map((n) => deadDelivery(minute(n)))
  await dead(letters.slice(2))
  await dead(letters.slice(0, 2))
  const { body } = await call('POST', of('/redeliver'), { since: minute(2), until: minute(41) })
  assert.deepEqual(body, { redelivered: 3, more: false })
  assert.deepEqual(
    (await queued()).map((each) => each.id),
    letters.slice(1, 4).map((each) => each.id),
  )
  const left = (await call('GET', of('/deliveries?status=dead'))).body.deliveries
  assert.deepEqual(
    left.map((each: { delivery_id: string }) => each.delivery_id),
    [letters[4]!.id, letters[0]!.id],
  )
})

test('a deleted webhook is gone, and whoever delivers is told to clean up', async () => {
  assert.equal((await call('DELETE', of())).status, 204)
  for (const path of ['', '/deliveries']) assert.equal((await call('GET', of(path))).status, 404)
  assert.equal((await call('DELETE', of())).status, 404)
  assert.ok(await fixture.webhookStore.queue.backlog({ app: APP, id }))
})
