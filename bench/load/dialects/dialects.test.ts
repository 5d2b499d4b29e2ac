import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  CLIENT_FRAMES,
  type ConversationId,
  type Cseq,
  encodeDeliver,
  frameCodec,
  type Message,
  message,
  millis,
  SERVER_FRAMES,
  type ServerFrame,
  seq,
  type UserId,
  Writer,
} from '@chat4all/protocol'
import { patchCounter, textTemplate } from '../message-text.js'
import { headerBytes } from '../websocket/client-frame.js'
import { readReplies } from './centrifuge.js'
import { scanFrames } from './chat4all-scan.js'
import { isMessageId, messageIdOf, newIdPrefix, SendTemplate } from './chat4all-session.js'
import { protobufBytes, protobufUint } from './protobuf.js'
import { readPacket } from './socket-io.js'

/** Of frames that are longer than 125 bytes and shorter than 64 KB. */
const HEADER_BYTES = headerBytes(1000)
const conversation = 'conv-1' as ConversationId

test('the send template is what the protocol’s own decoder reads, for every message', () => {
  const prefix = newIdPrefix()
  const text = textTemplate(7, 128)
  const template = new SendTemplate(conversation, prefix, text)
  for (const [cseq, k, seen] of [
    [1, 1, 0],
    [70_000, 65_999, 80_000],
  ] as const) {
    const frame = template.patch(cseq, k, seen)
    const payload = frame.subarray(HEADER_BYTES)
    frameCodec(CLIENT_FRAMES).decodeAll(payload, (decoded) => {
      assert.ok(decoded.t === 'send')
      assert.equal(decoded.cseq, cseq)
      assert.equal(decoded.conversation, conversation)
      assert.equal(decoded.seen, seen)
      assert.ok(isMessageId(prefix, k, Buffer.from(decoded.message_id), 0))
      patchCounter(text, 0, k)
      assert.ok(Buffer.from(decoded.payload).includes(text))
    })
  }
})

test('scanning sees what was encoded: sent, deliver with several messages, and all other frames', () => {
  const codec = frameCodec(SERVER_FRAMES)
  const id = messageIdOf(newIdPrefix(), 5)
  const stored = (at: number, payload: Message['payload']): Message => ({
    seq: seq(at),
    message_id: id,
    from: 'ana' as UserId,
    time: millis(1_700_000_000_000),
    payload,
    trace: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  })
  const long = 'é'.repeat(200)
  const frames: ServerFrame[] = [
    { t: 'pong', time: millis(5) },
    { t: 'sent', cseq: 300 as Cseq, message_id: id, seq: seq(70_000), time: millis(1) },
    {
      t: 'deliver',
      conversation,
      after: seq(7),
      upto: seq(10),
      messages: [
        stored(8, { type: 'text', text: 'short' }),
        stored(9, { type: 'membership', added: ['b' as UserId], removed: [] }),
        stored(10, { type: 'text', text: long }),
      ],
    },
    { t: 'ready', conversations: 2 },
  ]
  const onlyMessage = new Writer()
  message.write(onlyMessage, stored(11, { type: 'text', text: 'raw' }))
  const messageBytes = onlyMessage.take()
  const bytes = new Writer()
  for (const frame of frames) codec.encode(bytes, frame)
  encodeDeliver(bytes, conversation, seq(10), seq(11), 1, messageBytes)
  const whole = Buffer.concat([Buffer.from('before'), bytes.take(), Buffer.from('behind')])

  const seen: string[] = []
  scanFrames(whole, 6, whole.length - 6, {
    sent: (cseq, from, idAt, at) => seen.push(`sent ${cseq} ${at} ${id.compare(from, idAt, idAt + 16)}`),
    delivered: (at, from, start, end, idAt) =>
      seen.push(`${at} ${start < 0 ? '-' : from.subarray(start, end)} ${id.compare(from, idAt, idAt + 16)}`),
    other: (frame) => seen.push(frame.t),
  })
  assert.deepEqual(seen, ['pong', 'sent 300 70000 0', '8 short 0', '9 - 0', `10 ${long} 0`, 'ready', '11 raw 0'])
})

test('socket.io packets: acknowledgement and event', () => {
  const seen: string[] = []
  const events = {
    acknowledgement: (id: number, at: number) => seen.push(`${id} ${at}`),
    delivered: (at: number, bytes: Buffer, from: number, to: number) => seen.push(`${at} ${bytes.subarray(from, to)}`),
    closed() {},
  }
  for (const text of ['431000000042[17]', '42["deliver",123,"p00001 text"]']) {
    const bytes = Buffer.from(`..${text}..`)
    readPacket(bytes, 2, bytes.length - 2, events)
  }
  assert.deepEqual(seen, ['1000000042 17', '123 p00001 text'])
  const binary = Buffer.from('451-["x"]')
  assert.throws(() => readPacket(binary, 0, binary.length, events), /unexpected packet/)
})

test('centrifuge replies: acknowledgement, error, publication with fields that we do not read, ping', () => {
  const publication = Buffer.concat([
    protobufBytes(4, Buffer.from('text')),
    protobufBytes(5, protobufBytes(1, Buffer.from('user'))),
    protobufUint(6, 300),
  ])
  const push = Buffer.concat([protobufBytes(2, Buffer.from('c1')), protobufBytes(4, publication)])
  const replies = [
    Buffer.concat([protobufUint(1, 0x1000_0005), protobufBytes(8, Buffer.alloc(0))]),
    Buffer.alloc(0),
    protobufBytes(4, push),
    Buffer.concat([protobufUint(1, 0x1000_0006), protobufBytes(2, protobufBytes(2, Buffer.from('limit')))]),
  ]
  const bytes = Buffer.concat(replies.map((reply) => protobufBytes(1, reply).subarray(1)))
  const seen: string[] = []
  readReplies(bytes, 0, bytes.length, {
    reply: (id, error) => seen.push(`${id - 0x1000_0000} ${error?.includes('limit') ?? 'ok'}`),
    delivered: (offset, from, start, end) => seen.push(`${offset} ${from.subarray(start, end)}`),
    ping: () => seen.push('ping'),
  })
  assert.deepEqual(seen, ['5 ok', 'ping', '300 text', '6 true'])
})
