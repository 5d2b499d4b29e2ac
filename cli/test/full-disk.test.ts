import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client, requestToken } from '@chat4all/sdk'
import { WebSocket } from '@chat4all/sdk/node'
import { freePort, ServerProcess } from './server-process.js'

const SECRET = 'a-secret-for-this-test-only'
const FILE_BYTES_MAX = 4 * 1024 * 1024

/** To the server a file that may not grow is what a full disk is: a write that fails. No other user of the machine feels it. */
test('no room to write: nothing more is acknowledged, the server says why and exits 74, and what was acknowledged is there', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'chat4all-full-'))
  const port = await freePort()
  const environment = { CHAT4ALL_DATA_DIR: dataDir, CHAT4ALL_DEMO_SECRET: SECRET }
  let server = await ServerProcess.spawn(['all'], environment, port, { fileBytesMax: FILE_BYTES_MAX }).ready()
  const token = async () => {
    const credentials = { clientId: 'demo', clientSecret: SECRET, user: 'ana' }
    return (await requestToken(server.url, credentials)).accessToken
  }
  const client = new Client({ url: server.url, token, WebSocket })
  t.after(async () => {
    await client.close()
    await server.end('SIGKILL')
    rmSync(dataDir, { recursive: true })
  })
  await client.connect()
  const { id } = await client.createGroup([])
  const closed = new Promise<string>((resolve) => {
    client.on('state', (state) => {
      if (state.status === 'offline') resolve(state.reason?.code ?? 'gone')
    })
  })

  const acknowledged: string[] = []
  let stopping = false
  const lane = async (): Promise<void> => {
    while (!stopping) {
      const sending = client.send(id, 'x'.repeat(15_000))
      const outcome = await Promise.race([sending.result, closed])
      if (typeof outcome === 'string') return
      acknowledged.push(sending.messageId)
    }
  }
  await Promise.all([lane(), lane(), lane(), lane()])
  stopping = true
  assert.notEqual(await closed, 'gone', 'the session ended without a word')
  assert.equal(await server.exit(), 74)
  assert.match(
    server.output,
    /"level":60.*the storage in .* failed .*: a file may not grow that large: raise the limit/,
  )

  server = await ServerProcess.spawn(['all'], environment, port).ready()
  const { seq } = await client.send(id, 'after').result
  const stored: string[] = []
  while (stored.length < seq) {
    const page = await client.history(id, { since: stored.length, limit: 100 })
    stored.push(...page.messages.map(({ messageId }) => messageId))
  }
  assert.equal(new Set(stored).size, stored.length)
  assert.ok(acknowledged.length > 20)
  for (const messageId of acknowledged)
    assert.ok(stored.includes(messageId), `${messageId} was acknowledged and is gone`)
})
