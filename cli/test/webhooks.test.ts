import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { requestToken } from '@chat4all/sdk'
import { type Heard, type Listener, startListener } from '../webhook/listener.js'
import { register } from '../webhook/registration.js'
import { freePort, ServerProcess } from './server-process.js'

const SECRET = 'a-secret-for-this-test-only'
const HEARD_MS_MAX = 90_000

test('a receiver that is down while the server is killed hears of every message, genuine and in order', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'chat4all-webhooks-'))
  const port = await freePort()
  const environment = {
    CHAT4ALL_DATA_DIR: dataDir,
    CHAT4ALL_DEMO_SECRET: SECRET,
    CHAT4ALL_LOG_LEVEL: 'warn',
    CHAT4ALL_WEBHOOK_HTTP: 'true',
    CHAT4ALL_WEBHOOK_NETWORKS: '127.0.0.0/8',
  }
  const start = () => ServerProcess.spawn(['all'], environment, port).ready()
  let server = await start()
  let secret: string | undefined
  const heard: Heard[] = []
  const listenerPort = await freePort()
  const listen = () =>
    startListener({
      host: '127.0.0.1',
      port: listenerPort,
      status: 204,
      secret: () => secret,
      onHeard: (one) => heard.push(one),
    })
  let listener: Listener | undefined = await listen()
  t.after(async () => {
    await listener?.close()
    await server.end('SIGKILL')
    rmSync(dataDir, { recursive: true })
  })
  const registration = await register({
    server: server.url,
    clientId: 'demo',
    clientSecret: SECRET,
    url: listener.url,
    events: ['message.sent', 'message.delivered', 'message.read'],
  })
  ;({ secret } = registration)

  const post = await poster(server.url)
  const conversation = await post('/v1/conversations', { type: 'private', members: ['ann', 'bob'] })
  const id: string = conversation.conversation_id
  let sent = 0
  const say = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const payload = { type: 'text', text: `message ${++sent}` }
      await post('/v1/messages', { message_id: randomUUID(), conversation_id: id, from: 'ann', payload })
    }
  }
  const read = (): Promise<unknown> => post(`/v1/conversations/${id}/receipts`, { user: 'bob', read: sent })
  // What comes again has the same id, also after the server was killed; a receiver remembers ids over its own restarts.
  const seqsOf = (type: string): unknown[] => {
    const ids = new Set<string>()
    const first = heard.filter(({ id }) => !ids.has(id) && ids.add(id))
    return first.filter(({ event }) => event.type === type).map(({ event }) => event.data.seq)
  }
  const allHeard = async (): Promise<void> => {
    const until = Date.now() + HEARD_MS_MAX
    const types = ['message.sent', 'message.delivered', 'message.read']
    while (types.some((type) => seqsOf(type).length < sent)) {
      assert.ok(Date.now() < until, `${types.map((type) => seqsOf(type).length)} of ${sent}\n${server.output}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const inOrder = Array.from({ length: sent }, (_, i) => i + 1)
    for (const type of types) assert.deepEqual(seqsOf(type), inOrder, type)
  }

  await say(20)
  await read()
  await allHeard()

  await listener.close()
  await say(20)
  await read()
  await server.end('SIGKILL')
  server = await start()
  await say(5)
  listener = await listen()
  await say(5)
  await read()
  await allHeard()
  assert.ok(heard.every(({ fault }) => fault === undefined))

  // And its owner sees that all arrived.
  const { deliveries } = await post(`/v1/webhooks/${registration.webhookId}/deliveries?status=dead`)
  assert.deepEqual(deliveries, [])
})

/** Posts with a service token; without a body, gets. */
async function poster(url: string) {
  const { accessToken } = await requestToken(url, { clientId: 'demo', clientSecret: SECRET })
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape.
  return async (path: string, body?: unknown): Promise<any> => {
    const response = await fetch(new URL(path, url), {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    assert.ok(response.ok, `${path} answered ${response.status}: ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }
}
