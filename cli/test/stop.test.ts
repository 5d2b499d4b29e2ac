import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { requestToken } from '@chat4all/sdk'
import { nodeClient } from '@chat4all/sdk/node'
import { freePort, ServerProcess } from './server-process.js'

const SECRET = 'a-secret-for-this-test-only'
const IN_FLIGHT = 16
const MESSAGES_BEFORE = 500

test('SIGTERM under load: clients are told, the exit code is 0, nothing is logged as an error, and what is under way is stored once, in order, after the restart', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'chat4all-stop-'))
  const port = await freePort()
  const environment = { CHAT4ALL_DATA_DIR: dataDir, CHAT4ALL_DEMO_SECRET: SECRET, CHAT4ALL_DRAIN_MS: '500' }
  const start = () => ServerProcess.spawn(['all'], environment, port).ready()
  let server = await start()
  const token = async () =>
    (await requestToken(server.url, { clientId: 'demo', clientSecret: SECRET, user: 'ana' })).accessToken
  const client = nodeClient({ url: server.url, token })
  const reasons: (string | undefined)[] = []
  client.on('state', (state) => {
    if (state.status === 'offline') reasons.push(state.reason?.code)
  })
  t.after(async () => {
    await client.close()
    await server.end('SIGKILL')
    rmSync(dataDir, { recursive: true })
  })
  await client.connect()
  const { id } = await client.createGroup([])

  const order: string[] = []
  let acknowledged = 0
  let stopping = false
  let enough: (() => void) | undefined
  const reached = new Promise<void>((resolve) => {
    enough = resolve
  })
  const lane = async (): Promise<void> => {
    while (!stopping) {
      const sending = client.send(id, `message ${order.length}`)
      order.push(sending.messageId)
      await sending.result
      if (++acknowledged === MESSAGES_BEFORE) enough!()
    }
  }
  const sending = Promise.all(Array.from({ length: IN_FLIGHT }, lane))
  await reached
  assert.equal(await server.end('SIGTERM'), 0)
  assert.doesNotMatch(server.output, /"level":[56]0/)
  assert.ok(reasons.includes('DRAINING'), `the session ended with ${reasons}`)

  server = await start()
  stopping = true
  await sending
  const stored: string[] = []
  while (stored.length < order.length) {
    const page = await client.history(id, { since: stored.length, limit: 500 })
    assert.notEqual(page.messages.length, 0, 'acknowledged messages are gone')
    stored.push(...page.messages.map(({ messageId }) => messageId))
  }
  assert.deepEqual(stored, order)
})
