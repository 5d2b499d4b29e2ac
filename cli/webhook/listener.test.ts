import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import { type Heard, type Listener, startListener } from './listener.js'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const BODY = JSON.stringify({ type: 'message.sent', timestamp: '2026-01-01T00:00:00.000Z', data: { seq: 1 } })

let heard: Heard[]
let listener: Listener

beforeEach(async () => {
  heard = []
  listener = await startListener({
    host: '127.0.0.1',
    port: 0,
    status: 204,
    secret: () => SECRET,
    onHeard: (one) => heard.push(one),
  })
})

afterEach(() => listener.close())

async function post(body: string, { secret = SECRET, at = new Date(), method = 'POST' } = {}): Promise<number> {
  const headers = {
    'webhook-id': 'evt_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': new StandardWebhook(secret).sign('evt_1', at, BODY),
    'webhook-attempt': '2',
  }
  const response = await fetch(listener.url, { method, headers, ...(method === 'POST' && { body }) })
  return response.status
}

test('a genuine event is taken, and told from one that comes again', async () => {
  assert.deepEqual([await post(BODY), await post(BODY)], [204, 204])
  assert.deepEqual(
    heard.map(({ id, attempt, fault, isAgain }) => [id, attempt, fault, isAgain]),
    [
      ['evt_1', 2, undefined, false],
      ['evt_1', 2, undefined, true],
    ],
  )
})

test('what was changed on the way, signed by another, or is old, is refused', async () => {
  const other = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
  assert.equal(await post(BODY.replace('1}', '2}')), 401)
  assert.equal(await post(BODY, { secret: other }), 401)
  assert.equal(await post(BODY, { at: new Date(Date.now() - 600_000) }), 401)
  assert.ok(heard.every(({ fault }) => fault !== undefined))
})

test('what is no webhook is answered and shown to nobody', async () => {
  assert.equal(await post('', { method: 'GET' }), 405)
  assert.equal(await post('no json'), 400)
  assert.equal(await post('x'.repeat(2_000_000)).catch(() => 413), 413)
  assert.deepEqual(heard, [])
})
