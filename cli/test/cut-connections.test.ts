import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, type Committed, type Message, nodeClient, requestToken } from '@chat4all/sdk/node'
import { CuttingProxy } from './cutting-proxy.js'
import { freePort, ServerProcess } from './server-process.js'

const SECRET = 'a-secret-for-this-test'
const CUTS = 25
const CONVERGE_MS_MAX = 60_000

test('however often connections are cut, each message is stored once, in order, and every device is told it once, in order', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'chat4all-cuts-'))
  const args = ['all', '--demo', '--data-dir', folder]
  const server = ServerProcess.spawn(args, { CHAT4ALL_DEMO_SECRET: SECRET }, await freePort())
  await server.wrote(/The server stays up/)
  const proxies = await Promise.all([1, 2, 3].map(() => CuttingProxy.start(server.url)))
  const told = proxies.map((): Message[] => [])
  const clients = proxies.map((proxy, i) => {
    const user = i === 0 ? 'ann' : 'ben'
    const token = async () =>
      (await requestToken(server.url, { clientId: 'demo', clientSecret: SECRET, user })).accessToken
    // Without back-off: the more sessions begin and end in the test, the better.
    const client = nodeClient({ url: proxy.url, token, random: () => 0 })
    client.on('message', (message) => told[i]!.push(message))
    return client
  }) as [Client, Client, Client]
  try {
    await Promise.all(clients.map((client) => client.connect()))
    const [ann] = clients
    const { id } = await ann.createPrivate('ben')

    const texts: string[] = []
    const results: Promise<Committed>[] = []
    for (let cuts = 0; cuts < CUTS; cuts++) {
      for (let i = 0; i < 20; i++) {
        texts.push(`${texts.length}`)
        results.push(ann.send(id, texts.at(-1)!).result)
        if (i % 5 === 0) await sleep(5)
      }
      proxies[cuts % proxies.length]!.cut()
    }

    const seqs = (await Promise.all(results)).map(({ seq }) => seq)
    assert.deepEqual(
      seqs,
      [...new Set(seqs)].sort((a, b) => a - b),
      'seqs rise in the order of sending',
    )
    const heard = (messages: Message[]) =>
      messages.flatMap(({ conversation, payload }) =>
        conversation === id && payload.type === 'text' ? [payload.text] : [],
      )
    const until = Date.now() + CONVERGE_MS_MAX
    while (told.some((messages) => heard(messages).length < texts.length) && Date.now() < until) await sleep(50)
    for (const messages of told) assert.deepEqual(heard(messages), texts)
  } finally {
    await Promise.all(clients.map((client) => client.close()))
    for (const proxy of proxies) proxy.stop()
    await server.end('SIGTERM')
    rmSync(folder, { recursive: true })
  }
})
