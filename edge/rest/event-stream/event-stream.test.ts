import { App, type TemplatedApp, us_socket_local_port } from 'uWebSockets.js'
import assert from 'node:assert/strict'
import { type IncomingMessage, request } from 'node:http'
import { afterEach, beforeEach, test } from 'node:test'
import type { Records } from '@chat4all/storage'
import { pino } from 'pino'
import { fakeDirectory } from '../../auth/fake-directory.js'
import { ModelCluster, type ModelConversation } from '../../core/testing/owner-model.js'
import { memoryRecords } from '../../files/testing/memory-records.js'
import { LiveEdge, until } from '../../ws/testing/live-edge.js'
import { createRest } from '../create-rest.js'
import { mountRest } from '../mount-rest.js'

/** Event streams over real connections, from a real edge on modelled owners. */

interface Told {
  readonly id: string | undefined
  readonly event: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into events of every shape.
  readonly data: any
}

/** One stream of server-sent events, as a browser reads it. */
class Stream {
  readonly events: Told[] = []
  status = 0
  ended = false
  private text = ''
  private readonly response: Promise<IncomingMessage>

  constructor(origin: string, user: string, lastEventId?: string) {
    this.response = new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${user}`, ...(lastEventId && { 'last-event-id': lastEventId }) }
      request(`${origin}/v1/events`, { headers }, resolve).on('error', reject).end()
    })
    this.response.then(
      (response) => {
        this.status = response.statusCode!
        response.setEncoding('utf8').on('data', (piece: string) => this.take(piece))
        response.on('close', () => {
          this.ended = true
        })
      },
      () => {
        this.ended = true
      },
    )
  }

  private take(piece: string): void {
    const blocks = (this.text + piece).split('\n\n')
    this.text = blocks.pop()!
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]))
      const event = fields.get('event')
      if (event !== undefined) this.events.push({ id: fields.get('id'), event, data: JSON.parse(fields.get('data')!) })
    }
  }

  of(event: string): Told[] {
    return this.events.filter((told) => told.event === event)
  }

  seqs(conversation: string): number[] {
    return this.of('message')
      .filter(({ data }) => data.conversation_id === conversation)
      .map(({ data }) => data.seq)
  }

  get lastId(): string | undefined {
    return this.events.findLast(({ id }) => id !== undefined)?.id
  }

  async told(event: string, count = 1): Promise<Told[]> {
    await until(() => this.of(event).length >= count)
    return this.of(event)
  }

  /** Reads no more, so that what comes piles up at the server. */
  async stall(): Promise<void> {
    ;(await this.response).pause()
  }

  async resume(): Promise<void> {
    ;(await this.response).resume()
  }

  async close(): Promise<void> {
    ;(await this.response.catch(() => undefined))?.destroy()
  }
}

let cluster: ModelCluster
let conversation: ModelConversation
let live: LiveEdge
let app: TemplatedApp
let origin: string
let records: Records
let streams: Stream[]

async function serve(options: Parameters<typeof LiveEdge.start>[1] = {}): Promise<void> {
  live = await LiveEdge.start(cluster, options)
  const rest = createRest({
    requests: live.edge.requests,
    sessions: live.edge.opensSessions,
    authenticator: live.authenticator,
    directory: fakeDirectory(),
    records,
    logger: pino({ level: 'silent' }),
    limits: { userRequestsPerSecond: 0 },
    // They stream to pages of other origins, too.
    corsOrigins: ['https://chat.example.org'],
  })
  app = App()
  mountRest(app, rest, { logger: pino({ level: 'silent' }) })
  origin = await new Promise((resolve) => {
    app.listen('127.0.0.1', 0, (socket) =>
      resolve(
        `http://127.0.0.1:${us_socket_local_port(socket as unknown as Parameters<typeof us_socket_local_port>[0])}`,
      ),
    )
  })
}

async function stop(): Promise<void> {
  await live.close()
  app.close()
}

beforeEach(async () => {
  cluster = new ModelCluster('n1')
  conversation = cluster.create('c1', 'alice', 'bob')
  records = memoryRecords()
  streams = []
  await serve()
})

afterEach(async () => {
  for (const stream of streams) await stream.close()
  await stop()
})

function follow(user: string, lastEventId?: string): Stream {
  const stream = new Stream(origin, user, lastEventId)
  streams.push(stream)
  return stream
}

function say(count = 1, of = conversation): void {
  for (let i = 0; i < count; i++) cluster.post(of, 'alice')
  live.flush()
}

async function poll(user: string, query: string): Promise<{ events: Told[]; next: string | null }> {
  const response = await fetch(`${origin}/v1/events?${query}`, { headers: { authorization: `Bearer ${user}` } })
  assert.equal(response.status, 200)
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  const { events, next } = (await response.json()) as any
  return {
    next,
    events: events.map(({ type, id, data }: { type: string; id: string; data: unknown }) => ({
      event: type,
      id,
      data,
    })),
  }
}

test('a stream begins with the conversations, then tells what comes, with ids', async () => {
  say(2)
  const bob = follow('bob')
  await bob.told('ready')
  assert.deepEqual(
    bob.of('conversation').map(({ data }) => [data.conversation_id, data.head_seq]),
    [['c1', 2]],
  )
  say(3)
  await bob.told('message', 3)
  assert.deepEqual(bob.seqs('c1'), [3, 4, 5])
  assert.ok(bob.of('message').every(({ id }) => id !== undefined))
  assert.equal(new Set(bob.of('message').map(({ id }) => id)).size, 3)
})

test('who comes back with the last id misses nothing and gets nothing twice', async () => {
  const first = follow('bob')
  await first.told('ready')
  say(3)
  await first.told('message', 3)
  await first.close()
  say(250)
  const second = follow('bob', first.lastId)
  await second.told('message', 250)
  assert.deepEqual(
    second.seqs('c1'),
    Array.from({ length: 250 }, (_, i) => i + 4),
  )
  say()
  await second.told('message', 251)
  assert.equal(second.seqs('c1').at(-1), 254)
})

test('also when the id is an old one, and when it is that of `ready`', async () => {
  const first = follow('bob')
  const [ready] = await first.told('ready')
  say(4)
  const [, second] = await first.told('message', 4)
  const fromReady = follow('bob', ready!.id)
  await fromReady.told('message', 4)
  assert.deepEqual(fromReady.seqs('c1'), [1, 2, 3, 4])
  const fromSecond = follow('bob', second!.id)
  await fromSecond.told('message', 2)
  assert.deepEqual(fromSecond.seqs('c1'), [3, 4])
})

test('another edge understands the id, also of a conversation that was quiet', async () => {
  const quiet = cluster.create('c2', 'alice', 'bob')
  const first = follow('bob')
  await first.told('ready')
  say(1)
  await first.told('message', 1)
  await first.close()
  await stop()
  await serve()
  say(2, quiet)
  const second = follow('bob', first.lastId)
  await second.told('message', 2)
  assert.deepEqual(second.seqs('c2'), [1, 2])
  assert.deepEqual(second.seqs('c1'), [])
})

test('ids stay short however many conversations move', async () => {
  const many = Array.from({ length: 100 }, (_, i) => cluster.create(`conversation-number-${i}`, 'alice', 'bob'))
  const first = follow('bob')
  await first.told('ready')
  for (const each of many) say(1, each)
  await first.told('message', 100)
  assert.ok(first.events.every(({ id }) => id === undefined || id.length < 2_000))
  await first.close()
  for (const each of many) say(1, each)
  const second = follow('bob', first.lastId)
  await second.told('message', 100)
  for (const each of many) assert.deepEqual(second.seqs(each.id), [2])
})

test('an id of another user, or one that is long gone, begins anew and says so; nonsense is refused', async () => {
  const alice = follow('alice')
  await alice.told('ready')
  const bob = follow('bob', alice.lastId)
  await bob.told('ready')
  assert.equal(bob.events[0]!.event, 'reset')
  const nonsense = follow('bob', 'nonsense')
  await until(() => nonsense.status !== 0)
  assert.equal(nonsense.status, 400)
})

test('a stream ends when its token does, and says why', async () => {
  // Long enough for the stream to begin on a busy machine.
  const bob = follow(`bob/${Date.now() + 5_000}`)
  await bob.told('ready')
  const [failed] = await bob.told('failed')
  assert.equal(failed!.data.code, 'TOKEN_EXPIRED')
  await until(() => bob.ended)
})

test('whoever does not read is let go and comes back without a gap', async () => {
  await stop()
  await serve({ config: { socketBytesMax: 600_000, catchUpBytesLow: 10_000 } })
  const bob = follow('bob')
  await bob.told('ready')
  await bob.stall()
  for (let i = 0; i < 400; i++) cluster.post(conversation, 'alice', 16_000)
  live.flush()
  const slow = () => live.registry.getSingleMetricAsString('chat4all_slow_consumers_closed_total')
  await until(() => live.edge.sessions === 0)
  assert.match(await slow(), / 1$/m)
  await bob.resume()
  await until(() => bob.ended)
  const had = bob.seqs('c1')
  const again = follow('bob', bob.lastId)
  await until(() => again.seqs('c1').length === 400 - had.length)
  assert.deepEqual(
    [...had, ...again.seqs('c1')],
    Array.from({ length: 400 }, (_, i) => i + 1),
  )
})

test('a stream on which nothing happens stays open, and its session with it', { timeout: 120_000 }, async () => {
  const bob = follow('bob')
  await bob.told('ready')
  await new Promise((resolve) => setTimeout(resolve, 14_000))
  assert.equal(bob.ended, false)
  say()
  await bob.told('message')
})

test('an edge that goes away says so', async () => {
  const bob = follow('bob')
  await bob.told('ready')
  const drained = live.edge.drain()
  const [reconnect] = await bob.told('reconnect')
  assert.ok(reconnect!.data.delay >= 0)
  await drained
  await until(() => bob.ended)
})

test('a user may not have more streams than a bound, and one that ends makes room', async () => {
  const first = Array.from({ length: 16 }, () => follow('bob'))
  for (const stream of first) await stream.told('ready')
  const refused = follow('bob')
  await until(() => refused.status === 429)
  const other = follow('alice')
  await other.told('ready')
  await first[0]!.close()
  await until(() => live.edge.sessions === 16)
  await follow('bob').told('ready')
})

test('long polling answers with what was missed, or as soon as something comes, or with nothing', async () => {
  const first = await poll('bob', 'wait=0')
  assert.deepEqual(
    first.events.map(({ event }) => event),
    ['conversation'],
  )
  say(30)
  const missed = await poll('bob', `wait=0&after=${encodeURIComponent(first.next!)}`)
  assert.deepEqual(
    missed.events.map(({ data }) => data.seq),
    Array.from({ length: 30 }, (_, i) => i + 1),
  )
  const waiting = poll('bob', `wait=20&after=${encodeURIComponent(missed.next!)}`)
  await until(() => live.edge.sessions === 1)
  setTimeout(() => say(), 100)
  const { events, next } = await waiting
  assert.deepEqual(
    events.filter(({ event }) => event === 'message').map(({ data }) => data.seq),
    [31],
  )
  const nothing = await poll('bob', `wait=1&after=${encodeURIComponent(next!)}`)
  assert.deepEqual(nothing.events, [])
  await until(() => live.edge.sessions === 0)
})

test('polling through any history gives every message once and in order', async () => {
  let { next } = await poll('bob', 'wait=0')
  const seqs: number[] = []
  for (let round = 0; round < 12; round++) {
    say(round * 7)
    const page = await poll('bob', `wait=0&after=${encodeURIComponent(next!)}`)
    seqs.push(...page.events.filter(({ event }) => event === 'message').map(({ data }) => data.seq))
    next = page.next
  }
  assert.deepEqual(
    seqs,
    Array.from({ length: seqs.length }, (_, i) => i + 1),
  )
  assert.equal(seqs.length, (7 * 11 * 12) / 2)
})
