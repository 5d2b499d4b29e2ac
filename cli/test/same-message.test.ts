import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client, requestToken } from '@chat4all/sdk'
import { WebSocket } from '@chat4all/sdk/node'
import { freePort, ServerProcess } from './server-process.js'

const SECRET = 'a-secret-for-this-test-only'
/** More than an owner remembers of a conversation: a repeat must be looked up in the view. */
const MESSAGES_BETWEEN = 400

test('the same message_id has the same seq: through another edge, REST, far behind others, after a kill; other content is a conflict', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'chat4all-same-'))
  const [port, otherPort] = [await freePort(), await freePort()]
  const environment = {
    CHAT4ALL_DATA_DIR: dataDir,
    CHAT4ALL_DEMO_SECRET: SECRET,
    CHAT4ALL_EDGE_PORTS: String(otherPort),
    CHAT4ALL_LOG_LEVEL: 'warn',
  }
  let server = await ServerProcess.spawn(['all'], environment, port).ready()
  const clients: Client[] = []
  t.after(async () => {
    await Promise.all(clients.map((client) => client.close()))
    await server.end('SIGKILL')
    rmSync(dataDir, { recursive: true })
  })
  const edge = `http://127.0.0.1:${port}`
  const otherEdge = `http://127.0.0.1:${otherPort}`
  // Clients of their own each time: nothing but the server can remember.
  const signIn = async (url: string) => {
    const token = async () =>
      (await requestToken(url, { clientId: 'demo', clientSecret: SECRET, user: 'ann' })).accessToken
    const client = new Client({ url, token, WebSocket })
    clients.push(client)
    await client.connect()
    return client
  }
  const { accessToken } = await requestToken(edge, { clientId: 'demo', clientSecret: SECRET })
  const postOver = async (url: string, conversation: string, messageId: string, text: string) => {
    const response = await fetch(`${url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
      body: JSON.stringify({
        message_id: messageId,
        conversation_id: conversation,
        from: 'ann',
        payload: { type: 'text', text },
      }),
    })
    const { seq, code } = (await response.json()) as { seq?: number; code?: string }
    return response.ok ? seq : code
  }

  const first = await signIn(edge)
  const { id } = await first.createPrivate('ben')
  const messageId = randomUUID()
  const { seq } = await first.send(id, 'once', { messageId }).result
  await Promise.all(Array.from({ length: MESSAGES_BETWEEN }, (_, i) => first.send(id, `between ${i}`).result))

  const again = async (what: string) => {
    assert.equal((await (await signIn(edge)).send(id, 'once', { messageId }).result).seq, seq, `${what}: one edge`)
    const elsewhere = await signIn(otherEdge)
    assert.equal((await elsewhere.send(id, 'once', { messageId }).result).seq, seq, `${what}: another edge`)
    await assert.rejects(elsewhere.send(id, 'other words', { messageId }).result, { code: 'CONFLICT' })
    assert.equal(await postOver(otherEdge, id, messageId, 'once'), seq, `${what}: REST`)
    assert.equal(await postOver(edge, id, messageId, 'other words'), 'CONFLICT')
  }
  await again('behind many others')
  await server.end('SIGKILL')
  server = await ServerProcess.spawn(['all'], environment, port).ready()
  await again('after a kill')

  const page = await (await signIn(otherEdge)).history(id, { since: 0, limit: 500 })
  assert.equal(page.messages.length, MESSAGES_BETWEEN + 1)
  assert.equal(page.messages.filter((message) => message.messageId === messageId).length, 1)
})
