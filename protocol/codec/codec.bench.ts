import { pathToFileURL } from 'node:url'
import { encode } from '@msgpack/msgpack'
import { type ConversationId, seq } from '../ids.js'
import { DIRECTIONS } from '../schema/channels.js'
import { message } from '../schema/parts.js'
import { wireOfFrame, wireOfJson } from '../vectors/wire-json.js'
import { frameCodec } from './frame-codec.js'
import { decodeMessages, encodeDeliver, splitMessages } from './message-frames.js'
import { Writer } from './writer.js'

/**
 * What the frames of every message cost: `node protocol/dist/codec/codec.bench.js [rounds]` prints nanoseconds each.
 * The tests run it small, so it cannot rot.
 */

const id = '1b4e28ba2fa14d2b883f0016d3cca427'
const conversation = 'p-0123456789abcdef'
const payload = { type: 'text', text: 'x'.repeat(128) }
const time = 1_764_000_000_000
const stored = { seq: 77, message_id: id, from: 'user-1234', time, payload }
const record = encode(wireOfJson(message.schema, stored))
const messages = Buffer.from(record).toString('hex')

/** The frames that a message of 128 bytes causes, by direction and name. */
const HOT: readonly (readonly [direction: string, name: string, json: object])[] = [
  ['client-to-edge', 'send', { cseq: 1234, conversation, message_id: id, payload }],
  ['client-to-edge', 'receipt', { conversation, delivered: 77, read: 70 }],
  [
    'edge-to-node',
    'post',
    { slot: 77, attempt: 1, n: 1234, app: 'demo', conversation, message_id: id, from: 'user-1234', payload },
  ],
  [
    'node-to-edge',
    'acks',
    { slot: 77, items: Array.from({ length: 8 }, (_, i) => ({ n: 1000 + i, seq: 100 + i, time })) },
  ],
  ['node-to-edge', 'fanout', { conversation, after: 76, upto: 77, count: 1, messages }],
  ['edge-to-client', 'sent', { cseq: 1234, message_id: id, seq: 70_000, time }],
  ['edge-to-client', 'deliver', { conversation, after: 76, upto: 77, messages: [stored] }],
]

export interface BenchLine {
  readonly what: string
  readonly bytes: number
  readonly nanoseconds: number
}

/** Runs everything `rounds` times; the best of five such runs counts. */
export function benchCodec(rounds: number): BenchLine[] {
  const lines: BenchLine[] = []
  const add = (what: string, bytes: number, run: () => unknown) =>
    lines.push({ what, bytes, nanoseconds: bestOf(5, rounds, run) })

  const writer = new Writer()
  for (const [direction, name, json] of HOT) {
    const { frames } = DIRECTIONS.find((each) => each.name === direction)!
    const codec = frameCodec(frames)
    const bytes = encode(wireOfFrame(frames.find((each) => each.name === name)!, json))
    let frame: { readonly t: string } | undefined
    const onFrame = (decoded: { readonly t: string }) => {
      frame = decoded
    }
    add(`decode ${name}`, bytes.length, () => codec.decodeAll(bytes, onFrame))
    add(`encode ${name}`, bytes.length, () => {
      codec.encode(writer, frame!)
      return writer.take()
    })
  }
  add('encode deliver around an encoded message', record.length, () => {
    encodeDeliver(writer, conversation as ConversationId, seq(76), seq(77), 1, record)
    return writer.take()
  })
  const page = new Uint8Array(Buffer.concat(Array.from({ length: 50 }, () => record)))
  add('split 50 messages', page.length, () => splitMessages(page))
  add('decode 50 messages', page.length, () => decodeMessages(page))
  return lines
}

function bestOf(runs: number, rounds: number, run: () => unknown): number {
  let best = Number.POSITIVE_INFINITY
  // The first run is for the compiler.
  for (let i = 0; i <= runs; i++) {
    const started = process.hrtime.bigint()
    for (let left = rounds; left > 0; left--) run()
    const each = Number(process.hrtime.bigint() - started) / rounds
    if (i > 0) best = Math.min(best, each)
  }
  return best
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const { what, bytes, nanoseconds } of benchCodec(Number(process.argv[2] ?? 200_000))) {
    console.log(`${nanoseconds.toFixed(0).padStart(7)} ns  ${what} (${bytes} B)`)
  }
}
