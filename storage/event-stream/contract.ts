import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { type AppId, type ConversationId, logRecord, Reader, recordHeadOf, type Seq, Writer } from '@chat4all/protocol'
import type { EventSource, StreamEvent } from './port.js'

/** A stream that is open: one end for what is committed, one for consumers. */
export interface OpenEventStream {
  publish(events: readonly StreamEvent[]): Promise<void>
  readonly source: EventSource
  close(): Promise<void>
}

const PATIENCE_MS = 60_000

/**
 * What every adapter of the event stream promises to consumers, as tests. Nothing relies on how fast events come, and
 * every consumer may get events again.
 * @param open opens a stream of its own, empty
 * @param reopen closes it as a process that ends, and opens the same one again
 */
export function eventStreamContract(
  name: string,
  open: () => Promise<OpenEventStream>,
  reopen: (stream: OpenEventStream) => Promise<OpenEventStream>,
): void {
  const behaves = (what: string, run: (stream: OpenEventStream) => Promise<OpenEventStream | undefined>) =>
    test(`event stream, ${name}: ${what}`, { timeout: 2 * PATIENCE_MS }, async () => {
      const stream = await open()
      await ((await run(stream)) ?? stream).close()
    })

  behaves('all comes, in order within a conversation, whole, also to a group that comes later', async (stream) => {
    const conversations = ['c1', 'c2', 'c3', 'c4', 'c5']
    await publish(stream, conversations, 1, 200)
    const early = new Witness()
    await stream.source.follow(group(), early.take)
    await early.has(conversations, 200)
    await publish(stream, conversations, 201, 250)
    await early.has(conversations, 250)
    const late = new Witness()
    await stream.source.follow(group(), late.take)
    await late.has(conversations, 250)
    const seen = early.events.find((event) => event.conversation === 'c3')!
    assert.deepEqual(
      { ...seen, record: Buffer.from(seen.record) },
      { ...event('c3', 1), record: Buffer.from(event('c3', 1).record) },
    )
    return undefined
  })

  behaves('groups each have their own place, and one that takes nothing holds up no other', async (stream) => {
    const stuck = new Witness()
    stuck.rejects = () => true
    await stream.source.follow(group(), stuck.take)
    const witness = new Witness()
    await stream.source.follow(group(), witness.take)
    await publish(stream, ['c1', 'c2'], 1, 100)
    await witness.has(['c1', 'c2'], 100)
    assert.equal(stuck.events.length, 0)
    return undefined
  })

  behaves('what a consumer rejects comes again, before anything that follows it', async (stream) => {
    const witness = new Witness()
    let rejections = 0
    witness.rejects = (events) => rejections < 3 && events.some((of) => seqOf(of) === 7) && rejections++ < 3
    await stream.source.follow(group(), witness.take)
    for (let seq = 1; seq <= 20; seq++) await publish(stream, ['c1'], seq, seq)
    await witness.has(['c1'], 20)
    assert.equal(rejections, 3)
    return undefined
  })

  behaves('a group goes on where it was after a restart', async (stream) => {
    const name = group()
    const before = new Witness()
    const following = await stream.source.follow(name, before.take)
    await publish(stream, ['c1', 'c2'], 1, 50)
    await before.has(['c1', 'c2'], 50)
    await following.stop()
    await publish(stream, ['c1', 'c2'], 51, 60)
    const again = await reopen(stream)
    const after = new Witness(50)
    await again.source.follow(name, after.take)
    await publish(again, ['c1', 'c2'], 61, 80)
    await after.has(['c1', 'c2'], 80)
    return again
  })

  behaves('a consumer that stops while it has events leaves them to the next', async (stream) => {
    const name = group()
    let release = () => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    let called = () => {}
    const began = new Promise<void>((resolve) => (called = resolve))
    const first = await stream.source.follow(name, async () => {
      called()
      await held
      throw new Error('not taken')
    })
    await publish(stream, ['c1'], 1, 10)
    await began
    let stopped = false
    const stopping = first.stop().then(() => (stopped = true))
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal(stopped, false, 'stop waits for the call under way')
    release()
    await stopping
    const next = new Witness()
    await stream.source.follow(name, next.take)
    await next.has(['c1'], 10)
    return undefined
  })

  behaves('consumers of a group share its events, a conversation with one of them at a time', async (stream) => {
    const name = group()
    const conversations = Array.from({ length: 40 }, (_, index) => `c${index}`)
    const both = new Witness()
    const counts = [0, 0]
    for (const index of [0, 1]) {
      await stream.source.follow(name, async (events) => {
        await both.take(events)
        counts[index]! += events.length
      })
    }
    // A group that is being shared out anew takes its time.
    for (let seq = 1; seq <= 1_000 && (counts[0] === 0 || counts[1] === 0); seq++) {
      await publish(stream, conversations, seq, seq)
      await both.has(conversations, seq)
    }
    assert.ok(counts[0]! > 0 && counts[1]! > 0, `${counts[0]} and ${counts[1]}`)
    return undefined
  })

  behaves(
    'a group that is forgotten begins anew, also after a restart; one that is followed is not',
    async (stream) => {
      await publish(stream, ['c1'], 1, 20)
      const name = group()
      const first = new Witness()
      const following = await stream.source.follow(name, first.take)
      await first.has(['c1'], 20)
      await stream.source.forget(name)
      await publish(stream, ['c1'], 21, 30)
      await first.has(['c1'], 30)
      await following.stop()
      await stream.source.forget(name)
      await stream.source.forget(name)
      const again = await reopen(stream)
      const second = new Witness()
      await again.source.follow(name, second.take)
      await second.has(['c1'], 30)
      return again
    },
  )

  behaves('a new group may begin with what comes, and keeps its beginning over a restart', async (stream) => {
    await publish(stream, ['c1'], 1, 30)
    const name = group()
    const nobody = await stream.source.follow(name, () => Promise.reject(new Error('not yet')), { startAt: 'newest' })
    await publish(stream, ['c1'], 31, 40)
    await nobody.stop()
    const again = await reopen(stream)
    const witness = new Witness(30)
    await again.source.follow(name, witness.take, { startAt: 'newest' })
    await witness.has(['c1'], 40)
    return again
  })
}

/** A consumer that follows the documented rule, drops what it has seen, and tells what should not be. */
class Witness {
  /** Taken, without repetitions. */
  readonly events: StreamEvent[] = []
  rejects: (events: readonly StreamEvent[]) => boolean = () => false
  private readonly heads = new Map<string, number>()
  private readonly under = new Set<string>()
  private readonly after: number
  private wrong: string | undefined
  private wake: () => void = () => {}

  /** Everything up to `after` was seen before. */
  constructor(after = 0) {
    this.after = after
  }

  readonly take = async (events: readonly StreamEvent[]): Promise<void> => {
    const conversations = new Set(events.map(({ conversation }) => conversation as string))
    for (const conversation of conversations) {
      if (this.under.has(conversation)) this.wrong ??= `two calls at once with ${conversation}`
      this.under.add(conversation)
    }
    await new Promise((resolve) => setImmediate(resolve))
    for (const conversation of conversations) this.under.delete(conversation)
    if (this.rejects(events)) throw new Error('rejected, as the test wants it')
    for (const one of events) {
      const head = this.heads.get(one.conversation) ?? this.after
      const seq = seqOf(one)
      if (seq <= head) continue
      if (seq !== head + 1) this.wrong ??= `${one.conversation}: ${seq} after ${head}`
      this.heads.set(one.conversation, seq)
      this.events.push(one)
    }
    this.wake()
  }

  /** Resolves when all conversations have got so far. */
  async has(conversations: readonly string[], upTo: number): Promise<void> {
    const until = Date.now() + PATIENCE_MS
    const missing = () => conversations.filter((conversation) => (this.heads.get(conversation) ?? this.after) < upTo)
    while (missing().length > 0 && this.wrong === undefined) {
      if (Date.now() > until) throw new Error(`${missing().join(', ')} did not get to ${upTo}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 500)
        this.wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    assert.equal(this.wrong, undefined)
  }
}

function group(): string {
  return `group-${randomUUID()}`
}

async function publish(
  stream: OpenEventStream,
  conversations: readonly string[],
  first: number,
  last: number,
): Promise<void> {
  const events: StreamEvent[] = []
  for (let seq = first; seq <= last; seq++)
    for (const conversation of conversations) events.push(event(conversation, seq))
  await stream.publish(events)
}

function event(conversation: string, seq: number): StreamEvent {
  const writer = new Writer()
  logRecord.write(writer, {
    type: 'messages',
    conversation: conversation as ConversationId,
    app: 'demo' as AppId,
    first: seq as Seq,
    count: 1,
    messages: Uint8Array.of(seq & 0xff),
  })
  const head = recordHeadOf(writer.take())
  assert.ok(head.type !== 'follows')
  return { kind: head.type, app: head.app, conversation: head.conversation, record: head.record }
}

function seqOf({ record }: StreamEvent): number {
  const decoded = logRecord.read(new Reader(record))
  assert.ok(decoded.type === 'messages')
  return decoded.first
}
