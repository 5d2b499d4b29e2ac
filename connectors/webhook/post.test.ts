import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import type { AppId } from '@chat4all/protocol'
import { type Delivery, deliveryId, newWebhookSecret, type Webhook } from '@chat4all/storage'
import { type AddressRules, createAddressGuard } from './address-guard.js'
import { WEBHOOK_LIMITS, type WebhookLimits } from './limits.js'
import { createPoster, type Poster } from './post.js'
import { Receiver } from './testing/receiver.js'

const RULES: AddressRules = { allowHttp: true, ports: [[1, 65_535]], allowedNetworks: ['127.0.0.1/32'] }
const TIME = 1_800_000_000_000

const delivery: Delivery = {
  id: deliveryId(TIME, '0'.repeat(32)),
  event: 'webhook.test',
  conversation: undefined,
  messageId: undefined,
  trace: undefined,
  time: TIME,
  queued: TIME,
  body: '{"type":"webhook.test","data":{}}',
  attempts: 2,
  attemptLog: [],
}

let receiver: Receiver
const posters: Poster[] = []

beforeEach(async () => {
  receiver = await new Receiver().start()
})

afterEach(async () => {
  for (const poster of posters.splice(0)) await poster.close()
  await receiver.stop()
})

function poster(
  given: { rules?: Partial<AddressRules>; address?: string; limits?: Partial<WebhookLimits> } = {},
): Poster {
  const { address = '127.0.0.1' } = given
  const guard = createAddressGuard({ ...RULES, ...given.rules }, async () => [{ address, family: 4 }])
  const one = createPoster({ guard, limits: { ...WEBHOOK_LIMITS, ...given.limits } })
  posters.push(one)
  return one
}

const webhook = (url: string): Webhook => ({
  app: 'shop' as AppId,
  id: 'wh_1',
  url,
  description: '',
  events: undefined,
  enabled: true,
  disabledReason: undefined,
  secrets: [{ secret: newWebhookSecret(), expires: undefined }],
  created: TIME,
  updated: TIME,
})

const named = (): string => receiver.url.replace('127.0.0.1', 'receiver.test')

test('a name is connected to at the address that was judged, under its own name', async () => {
  const { attempt } = await poster().post(webhook(named()), delivery)
  assert.deepEqual([attempt.status, attempt.error, attempt.number], [204, undefined, 3])
  const [received] = receiver.received
  assert.match(received!.headers.host!, /^receiver\.test:/)
  assert.equal(received!.attempt, 3)
})

test('nothing is sent to a name or a number that leads into a network of this side', async () => {
  const guarded = poster({ rules: { allowedNetworks: [] } })
  for (const url of [named(), receiver.url]) {
    const { attempt } = await guarded.post(webhook(url), delivery)
    assert.deepEqual([attempt.status, /not public/.test(attempt.error!)], [undefined, true])
  }
  assert.equal(receiver.received.length, 0)
})

test('a URL that was good at registration is refused when the rules are stricter now', async () => {
  const { attempt } = await poster({ rules: { allowHttp: false } }).post(webhook(receiver.url), delivery)
  assert.match(attempt.error!, /must begin with https/)
  assert.equal(receiver.received.length, 0)
})

test('a receiver that says nothing is given up in time, also when it has begun to answer', async () => {
  const hasty = poster({ limits: { attemptMsMax: 200 } })
  const began = performance.now()
  receiver.answer = () => undefined
  assert.equal((await hasty.post(webhook(receiver.url), delivery)).attempt.error, 'it did not answer in time')
  receiver.answer = (_, res) => {
    res.writeHead(200)
    const drip = setInterval(() => res.write('.'), 20)
    res.once('close', () => clearInterval(drip))
    return undefined
  }
  const { attempt } = await hasty.post(webhook(receiver.url), delivery)
  assert.equal(attempt.error, 'it did not answer in time')
  assert.ok(performance.now() - began < 5_000)
})

test('a receiver that is not there is told of by its error, without the URL', async () => {
  const { url } = receiver
  await receiver.stop()
  const { attempt } = await poster().post(webhook(`${url}?token=secret`), delivery)
  assert.match(attempt.error!, /ECONNREFUSED/)
  assert.doesNotMatch(attempt.error!, /secret/)
})

test('retry-after is read as seconds and as a date, and is bounded', async () => {
  const answers = ['7', new Date(Date.now() + 60_000).toUTCString(), '999999', 'soon']
  const read: (number | undefined)[] = []
  for (const answer of answers) {
    receiver.answer = (_, res) => {
      res.writeHead(503, { 'retry-after': answer }).end()
      return undefined
    }
    read.push((await poster().post(webhook(receiver.url), delivery)).retryAfterMs)
  }
  assert.equal(read[0], 7_000)
  assert.ok(read[1]! > 50_000 && read[1]! <= 60_000)
  assert.deepEqual(read.slice(2), [3_600_000, undefined])
})
