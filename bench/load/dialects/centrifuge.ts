import { deferred } from '../deferred.js'
import type { Closable, Dialect, OpenConversation, Target } from '../dialect.js'
import { SEQ_UNTOLD } from '../message-checker.js'
import { patchCounter } from '../message-text.js'
import { clientFrame } from '../websocket/client-frame.js'
import { type Address, Connection } from '../websocket/connection.js'
import { OPCODE } from '../websocket/frame-parser.js'
import { ProtobufScanner, protobufBytes, protobufUint } from './protobuf.js'

/**
 * Centrifuge's own protobuf protocol (its cheaper one), by hand: a WebSocket message holds commands, or replies, each
 * with its length before it. Field numbers are those of the library's client.proto.
 */

const COMMAND = { id: 1, connect: 4, subscribe: 5, publish: 7 }
const REPLY = { id: 1, error: 2, push: 4, connect: 5, subscribe: 6 }
const PUSH = { publication: 4 }
const PUBLICATION = { data: 4, offset: 6 }
/** Ids count from here, so that all are five bytes long and a frame's template is patched in place. */
const FIRST_ID = 0x1000_0000
const CONNECT_ID = 1
const SUBSCRIBE_ID = 2

export interface ReplyEvents {
  reply(id: number, error: string | undefined): void
  delivered(offset: number, bytes: Buffer, from: number, to: number): void
  /** The server wants to hear that the client lives. */
  ping(): void
}

interface SessionEvents extends Pick<ReplyEvents, 'reply' | 'delivered'> {
  chunkRead(): void
  closed(reason: string): void
}

export function centrifugeDialect(target: Target): Dialect {
  const address: Address = {
    port: target.port,
    path: '/connection/websocket',
    headers: { 'Sec-WebSocket-Protocol': 'centrifuge-protobuf' },
  }

  const open = async (user: string, events: Partial<SessionEvents>, channel?: string): Promise<Connection> => {
    const answered = deferred()
    const lastId = channel === undefined ? CONNECT_ID : SUBSCRIBE_ID
    const replies: ReplyEvents = {
      reply(id, error) {
        if (id >= FIRST_ID) events.reply?.(id, error)
        else if (error !== undefined) answered.reject(new Error(`centrifuge refuses: ${error}`))
        else if (id === lastId) answered.resolve()
      },
      delivered: (offset, bytes, from, to) => events.delivered?.(offset, bytes, from, to),
      ping() {
        connection.queue(PONG)
        connection.flush()
      },
    }
    const connection: Connection = await Connection.open(address, {
      message: (bytes, from, to) => readReplies(bytes, from, to, replies),
      chunkRead: () => events.chunkRead?.(),
      closed(reason) {
        answered.reject(new Error(reason))
        events.closed?.(reason)
      },
    })
    const connect = protobufBytes(4, Buffer.from(user))
    connection.queue(commandFrame(CONNECT_ID, COMMAND.connect, connect))
    if (channel !== undefined) {
      connection.queue(commandFrame(SUBSCRIBE_ID, COMMAND.subscribe, protobufBytes(1, Buffer.from(channel))))
    }
    connection.flush()
    await answered.promise
    return connection
  }

  return {
    async openConversation(index, text, sender, readers): Promise<OpenConversation> {
      const channel = `c${index}`
      const opened = await Promise.all(
        readers.map((reader, i) =>
          open(
            `reader${index}-${i}`,
            {
              delivered: (offset, bytes, from, to) => reader.delivered(offset, bytes, from, to),
              closed: (reason) => reader.closed(reason),
            },
            channel,
          ),
        ),
      )
      // The sender only publishes: in this protocol a subscribed publisher would be sent its own messages.
      const connection = await open(`sender${index}`, {
        reply(id, error) {
          if (error === undefined) sender.acknowledged(id - FIRST_ID, SEQ_UNTOLD, true)
          else sender.refused(id - FIRST_ID, error)
        },
        chunkRead: () => sender.chunkRead(),
        closed: (reason) => sender.closed(reason),
      })
      const publish = Buffer.concat([protobufBytes(1, Buffer.from(channel)), protobufBytes(2, text)])
      const frame = commandFrame(FIRST_ID, COMMAND.publish, publish)
      const idAt = frame.indexOf(protobufUint(COMMAND.id, FIRST_ID)) + 1
      const textAt = frame.indexOf(text)
      return {
        base: 0,
        readers: opened.map(closable),
        sender: {
          queue(k) {
            writeFiveByteVarint(frame, idAt, FIRST_ID + k)
            patchCounter(frame, textAt, k)
            connection.queue(frame)
          },
          flush: () => connection.flush(),
          close: () => connection.destroy(),
        },
      }
    },

    async openIdle(index, joined, closed): Promise<Closable> {
      return closable(await open(`idle${index}`, { closed }, joined ? `idle${index >> 1}` : undefined))
    },
  }
}

const closable = (connection: Connection): Closable => ({ close: () => connection.destroy() })

function commandFrame(id: number, field: number, body: Buffer): Buffer {
  const command = Buffer.concat([protobufUint(COMMAND.id, id), protobufBytes(field, body)])
  // A command with its length before it has the form of a field's value.
  return clientFrame(OPCODE.binary, protobufBytes(1, command).subarray(1))
}

/** A command without content is the answer to a ping (a reply without content). */
const PONG = clientFrame(OPCODE.binary, Buffer.from([0]))

function writeFiveByteVarint(bytes: Buffer, at: number, value: number): void {
  bytes[at] = (value & 0x7f) | 0x80
  bytes[at + 1] = ((value >>> 7) & 0x7f) | 0x80
  bytes[at + 2] = ((value >>> 14) & 0x7f) | 0x80
  bytes[at + 3] = ((value >>> 21) & 0x7f) | 0x80
  bytes[at + 4] = value >>> 28
}

const outer = new ProtobufScanner()
const inner = new ProtobufScanner()

/** Reads the replies of a WebSocket message that lies in `bytes` from `from` to `to`. */
export function readReplies(bytes: Buffer, from: number, to: number, events: ReplyEvents): void {
  let at = from
  while (at < to) {
    outer.begin(bytes, at, to)
    const length = outer.varint()
    const start = outer.at
    at = start + length
    if (length === 0) {
      events.ping()
      continue
    }
    outer.begin(bytes, start, at)
    let id = 0
    let error: string | undefined
    while (outer.next()) {
      if (outer.field === REPLY.id) id = outer.value
      else if (outer.field === REPLY.error) error = bytes.subarray(outer.from, outer.to).toString('latin1')
      else if (outer.field === REPLY.push) readPush(bytes, outer.from, outer.to, events)
    }
    if (id !== 0) events.reply(id, error)
  }
}

function readPush(bytes: Buffer, from: number, to: number, events: ReplyEvents): void {
  inner.begin(bytes, from, to)
  while (inner.next()) {
    if (inner.field !== PUSH.publication) continue
    inner.begin(bytes, inner.from, inner.to)
    let textFrom = -1
    let textTo = -1
    let offset = 0
    while (inner.next()) {
      if (inner.field === PUBLICATION.data) {
        textFrom = inner.from
        textTo = inner.to
      } else if (inner.field === PUBLICATION.offset) offset = inner.value
    }
    if (textFrom >= 0) events.delivered(offset, bytes, textFrom, textTo)
    return
  }
}
