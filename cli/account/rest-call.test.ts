import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { restCall } from './rest-call.js'

test('each post carries a key of its own, so that whatever repeats it on its way does nothing twice', async (t) => {
  const keys: unknown[] = []
  const server = createServer((req, res) => {
    keys.push(req.headers['idempotency-key'])
    res.end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const access = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 'token' }
  for (const method of ['POST', 'POST', 'PATCH', 'GET']) await restCall(access, method, '/v1/apps')
  assert.equal(new Set(keys.slice(0, 2)).size, 2)
  assert.match(String(keys[0]), /^[0-9a-f-]{36}$/)
  assert.deepEqual(keys.slice(2), [undefined, undefined])
})
