import { App } from 'uWebSockets.js'
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { loadConfig } from '../config/load-config.js'
import { listen } from '../http/listen.js'
import { createLogger } from '../logger.js'
import { createRegistry } from '../metrics.js'
import { startAll } from './all.js'
import type { RunningRole } from './role.js'

const SECRET = 'a-secret-for-this-test-only'
const METRICS_TOKEN = 'a-token-for-metrics'

/** Resolves when the condition holds. @throws when it does not within a minute. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, 'it did not come to hold')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

describe('the all-in-one server', () => {
  let dataDir: string
  let running: RunningRole | undefined
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'chat4all-server-'))
  })
  afterEach(async () => {
    await running?.stop()
    running = undefined
    rmSync(dataDir, { recursive: true })
  })

  async function start(environment: Record<string, string> = {}): Promise<RunningRole> {
    const { config } = loadConfig('all', {
      CHAT4ALL_PORT: '0',
      CHAT4ALL_DATA_DIR: dataDir,
      CHAT4ALL_DEMO_SECRET: SECRET,
      CHAT4ALL_METRICS_TOKEN: METRICS_TOKEN,
      CHAT4ALL_DRAIN_MS: '0',
      ...environment,
    })
    running = await startAll({
      config,
      logger: createLogger('silent'),
      registry: createRegistry('all', 'test'),
      demo: false,
      storageFailed: (error) => assert.fail(error),
    })
    for (const url of running.urls) {
      while ((await fetch(`${url}/readyz`)).status !== 200) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return running
  }

  async function stop(): Promise<void> {
    await running!.stop()
    running = undefined
  }

  test('limits, proxies and origins of web pages are as they are set', async () => {
    const { urls } = await start({
      CHAT4ALL_USER_REQUESTS_PER_SECOND: '7',
      CHAT4ALL_APP_REQUESTS_PER_SECOND: '70',
      CHAT4ALL_ADDRESS_REQUESTS_PER_SECOND: '700',
      CHAT4ALL_TRUSTED_PROXIES: '127.0.0.1',
      CHAT4ALL_CORS_ORIGINS: 'https://app.example',
    })
    const json = { client_id: 'demo', client_secret: SECRET, user: 'ana' }
    const granted = await fetch(`${urls[0]}/auth/token`, {
      method: 'POST',
      body: JSON.stringify(json),
      headers: { 'content-type': 'application/json' },
    })
    const { access_token } = (await granted.json()) as { access_token: string }
    const { headers } = await fetch(`${urls[0]}/v1/conversations`, {
      headers: {
        authorization: `Bearer ${access_token}`,
        origin: 'https://app.example',
        'x-forwarded-for': '198.51.100.1',
      },
    })
    assert.equal(headers.get('ratelimit-policy'), '"address";q=1400;w=2, "user";q=14;w=2, "app";q=140;w=2')
    // Nobody was at that address before.
    assert.match(headers.get('ratelimit') ?? '', /^"address";r=1399;/)
    assert.equal(headers.get('access-control-allow-origin'), 'https://app.example')
    assert.equal(headers.get('strict-transport-security'), null)
  })

  test('keeps messages over a restart; the same message_id gets the same seq, other content a conflict', async () => {
    const first = await Service.signIn((await start()).urls[0]!)
    const conversation = await first.openPrivate('ana', 'ben')
    const ids = Array.from({ length: 20 }, randomUUID)
    for (const [i, id] of ids.entries()) assert.equal((await first.post(conversation, id, `message ${i}`)).status, 202)
    const before = await first.texts(conversation)
    await stop()

    const second = await Service.signIn((await start()).urls[0]!)
    assert.deepEqual(await second.texts(conversation), before)
    assert.equal((await second.post(conversation, ids[3]!, 'message 3')).status, 202)
    assert.equal((await second.post(conversation, ids[3]!, 'other words')).status, 409)
    assert.equal((await second.post(conversation, randomUUID(), 'after')).status, 202)
    assert.deepEqual(await second.texts(conversation), [...before, '21 after'])
  })

  test('two shard-nodes and two edges: what is posted through one edge is read through the other', async () => {
    const { urls } = await start({ CHAT4ALL_NODES: '2', CHAT4ALL_EDGE_PORTS: '0' })
    assert.equal(urls.length, 2)
    const [one, two] = [await Service.signIn(urls[0]!), await Service.signIn(urls[1]!)]
    const metricsNow = async () =>
      (await fetch(`${urls[1]}/metrics`, { headers: { authorization: `Bearer ${METRICS_TOKEN}` } })).text()
    // The first node takes every slot, and hands half of them to the second.
    await until(async () => {
      const served = [...(await metricsNow()).matchAll(/^chat4all_slots_served\{node="node-\d"\} (\d+)$/gm)]
      return served.length === 2 && served.every(([, count]) => Number(count) > 300)
    })
    for (let i = 0; i < 12; i++) {
      const conversation = await one.openPrivate('ana', `user-${i}`)
      assert.equal((await one.post(conversation, randomUUID(), 'through one')).status, 202)
      assert.equal((await two.post(conversation, randomUUID(), 'through two')).status, 202)
      assert.deepEqual(await one.texts(conversation), ['1 through one', '2 through two'])
    }
    const metrics = await metricsNow()
    const committed = [...metrics.matchAll(/^chat4all_messages_committed_total\{node="node-\d"\} (\d+)$/gm)]
    assert.equal(committed.length, 2)
    assert.ok(
      committed.every(([, count]) => Number(count) > 0),
      'one node owns everything',
    )
    assert.match(metrics, /^chat4all_rest_seconds_count\{method="POST",route="\/v1\/messages",status="202"\} 24$/m)
    assert.match(metrics, /^nodejs_eventloop_lag_p99_seconds /m)
  })

  test('more shard-nodes, and fewer, than the data folder was made with: everything is there', async () => {
    let service = await Service.signIn((await start()).urls[0]!)
    const conversations: string[] = []
    for (let i = 0; i < 12; i++) conversations.push(await service.openPrivate('ana', `user-${i}`))
    const said: string[] = []
    for (const nodes of ['1', '3', '2', '1']) {
      await stop()
      service = await Service.signIn((await start({ CHAT4ALL_NODES: nodes })).urls[0]!)
      said.push(`${said.length + 1} with ${nodes}`)
      for (const conversation of conversations) {
        assert.equal((await service.post(conversation, randomUUID(), `with ${nodes}`)).status, 202)
        assert.deepEqual(await service.texts(conversation), said)
      }
    }
  })

  test('a start that fails lets go of the data folder', async () => {
    const taken = App()
    const { port } = await listen(taken, '127.0.0.1', 0)
    await assert.rejects(start({ CHAT4ALL_PORT: String(port) }), /cannot listen/)
    taken.close()
    await start()
  })

  test('the key that signs tokens is made once, so that tokens outlive a restart', async () => {
    const first = await Service.signIn((await start()).urls[0]!)
    await stop()
    assert.equal(statSync(join(dataDir, 'token-key')).mode & 0o777, 0o600)
    const { urls } = await start()
    const response = await fetch(`${urls[0]}/v1/conversations?user=ana`, {
      headers: { authorization: `Bearer ${first.token}` },
    })
    assert.notEqual(response.status, 401)
    assert.ok(!existsSync(join(dataDir, 'demo-secret')), 'a given secret is not written down')
  })

  test('another CHAT4ALL_DEMO_SECRET is good from the next start on', async () => {
    await start()
    await stop()
    const { urls } = await start({ CHAT4ALL_DEMO_SECRET: 'a-new-secret' })
    await Service.signIn(urls[0]!, 'a-new-secret')
  })
})

/** A backend of the app `demo` on REST. */
class Service {
  readonly token: string
  private readonly url: string

  private constructor(url: string, token: string) {
    this.url = url
    this.token = token
  }

  static async signIn(url: string, secret = SECRET): Promise<Service> {
    const response = await fetch(`${url}/auth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_id: 'demo', client_secret: secret }),
    })
    assert.equal(response.status, 200)
    return new Service(url, ((await response.json()) as { access_token: string }).access_token)
  }

  async openPrivate(a: string, b: string): Promise<string> {
    const response = await this.call('POST', '/v1/conversations', { type: 'private', members: [a, b], metadata: {} })
    return ((await response.json()) as { conversation_id: string }).conversation_id
  }

  post(conversation: string, messageId: string, text: string): Promise<Response> {
    return this.call('POST', '/v1/messages', {
      message_id: messageId,
      conversation_id: conversation,
      from: 'ana',
      payload: { type: 'text', text },
    })
  }

  async texts(conversation: string): Promise<string[]> {
    const response = await this.call('GET', `/v1/conversations/${conversation}/messages?since=0`)
    const { messages } = (await response.json()) as { messages: { seq: number; payload: { text: string } }[] }
    return messages.map(({ seq, payload }) => `${seq} ${payload.text}`)
  }

  private call(method: string, path: string, body?: object): Promise<Response> {
    const headers = { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' }
    return fetch(this.url + path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) })
  }
}
