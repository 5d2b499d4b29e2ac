import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client, type Committed, type Message, requestToken } from '@chat4all/sdk'
import { WebSocket } from '@chat4all/sdk/node'
import { freePort, ServerProcess } from './server-process.js'

const SECRET = 'a-secret-for-this-test-only'
const PAIRS = 8
const IN_FLIGHT = 16
const KILLS = 3
const MS_BETWEEN_KILLS = 700
const ACKNOWLEDGED_MS_MAX = 30_000

test('kill -9 under load, restart: what was acknowledged is there once and in order, and clients go on by themselves', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'chat4all-kill-'))
  const port = await freePort()
  const environment = { CHAT4ALL_DATA_DIR: dataDir, CHAT4ALL_DEMO_SECRET: SECRET, CHAT4ALL_LOG_LEVEL: 'warn' }
  const start = () => ServerProcess.spawn(['all'], environment, port).ready()
  let server = await start()
  const clients: Client[] = []
  t.after(async () => {
    await Promise.all(clients.map((client) => client.close()))
    await server.end('SIGKILL')
    rmSync(dataDir, { recursive: true })
  })
  const signIn = async (user: string) => {
    const token = async () =>
      (await requestToken(server.url, { clientId: 'demo', clientSecret: SECRET, user })).accessToken
    const backoff = { msMax: 1_000 }
    const client = new Client({ url: server.url, token, WebSocket, backoff, outboxMessagesMax: 10_000 })
    clients.push(client)
    await client.connect()
    return client
  }

  const writers = await Promise.all(Array.from({ length: PAIRS }, (_, i) => Writer.open(signIn, i)))
  let stopping = false
  const writing = Promise.all(writers.map((writer) => writer.run(() => stopping)))
  for (let kill = 0; kill < KILLS; kill++) {
    const before = acknowledged(writers)
    await new Promise((resolve) => setTimeout(resolve, MS_BETWEEN_KILLS))
    // Clients come back after a random wait: without an acknowledgement in between, the next kill would prove nothing.
    const until = Date.now() + ACKNOWLEDGED_MS_MAX
    while (acknowledged(writers) === before && Date.now() < until) await new Promise((next) => setTimeout(next, 20))
    assert.ok(acknowledged(writers) > before, `nothing was acknowledged in ${ACKNOWLEDGED_MS_MAX} ms`)
    await server.end('SIGKILL')
    server = await start()
  }
  stopping = true
  await writing

  for (const writer of writers) await writer.check()
  const total = acknowledged(writers)
  assert.equal(
    total,
    writers.reduce((sum, writer) => sum + writer.sent, 0),
  )
  t.diagnostic(`${total} messages acknowledged over ${KILLS} kills`)
})

const acknowledged = (writers: readonly Writer[]): number =>
  writers.reduce((sum, writer) => sum + writer.acknowledged.size, 0)

/** A user who writes to another without pause, and what came of it. */
class Writer {
  readonly acknowledged = new Map<string, Committed>()
  sent = 0
  private readonly author: Client
  private readonly conversation: string
  private readonly order: string[] = []
  private readonly received: Message[] = []

  private constructor(author: Client, reader: Client, conversation: string) {
    this.author = author
    this.conversation = conversation
    reader.on('message', (message) => {
      if (message.conversation === conversation) this.received.push(message)
    })
  }

  static async open(signIn: (user: string) => Promise<Client>, index: number): Promise<Writer> {
    const [author, reader] = await Promise.all([signIn(`author-${index}`), signIn(`reader-${index}`)])
    const { id } = await author!.createPrivate(`reader-${index}`)
    return new Writer(author!, reader!, id)
  }

  /** Keeps so many messages in flight until told to stop; resolves when all are acknowledged. */
  async run(stopping: () => boolean): Promise<void> {
    const lane = async (): Promise<void> => {
      while (!stopping()) {
        const sending = this.author.send(this.conversation, `message ${this.sent++}`)
        this.order.push(sending.messageId)
        this.acknowledged.set(sending.messageId, await sending.result)
      }
    }
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
  }

  async check(): Promise<void> {
    const stored = await this.history()
    assert.deepEqual(
      stored.map(({ seq }) => seq),
      stored.map((_, i) => i + 1),
      'the seqs have a gap',
    )
    const ids = stored.map(({ messageId }) => messageId)
    assert.deepEqual(ids, this.order, 'a message is missing, there twice, or out of order')
    for (const { messageId, seq } of stored) assert.equal(this.acknowledged.get(messageId)?.seq, seq)
    // The reader was told each of them, once and in order, across all restarts.
    while (this.received.length < stored.length) await new Promise((resolve) => setTimeout(resolve, 20))
    assert.deepEqual(
      this.received.map(({ messageId }) => messageId),
      ids,
    )
  }

  private async history(): Promise<Message[]> {
    const all: Message[] = []
    for (;;) {
      const page = await this.author.history(this.conversation, { since: all.at(-1)?.seq ?? 0, limit: 500 })
      all.push(...page.messages)
      if (page.messages.length === 0) return all
    }
  }
}
