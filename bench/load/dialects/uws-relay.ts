import { deferred } from '../deferred.js'
import type { Closable, Dialect, OpenConversation, ReaderEvents, SenderEvents, Target } from '../dialect.js'
import { patchCounter } from '../message-text.js'
import { clientFrame, headerBytes } from '../websocket/client-frame.js'
import { type Address, Connection } from '../websocket/connection.js'
import { OPCODE } from '../websocket/frame-parser.js'

/** The protocol of peers/uws-relay/main.mjs. */
const JOIN = 1
const SEND = 2
const SENT = 3
const DELIVER = 4

export function uwsRelayDialect(target: Target): Dialect {
  const address: Address = { port: target.port, path: '/relay' }

  const join = async (
    conversation: number,
    events: {
      message(bytes: Buffer, from: number, to: number): void
      chunkRead?(): void
      closed(reason: string): void
    },
  ): Promise<Connection> => {
    const joined = deferred()
    let waiting = true
    const connection = await Connection.open(address, {
      message(bytes, from, to) {
        if (waiting && bytes[from] === SENT) {
          waiting = false
          joined.resolve()
        } else events.message(bytes, from, to)
      },
      chunkRead: () => events.chunkRead?.(),
      closed(reason) {
        joined.reject(new Error(reason))
        events.closed(reason)
      },
    })
    const frame = Buffer.alloc(5)
    frame[0] = JOIN
    frame.writeUInt32LE(conversation, 1)
    connection.queue(clientFrame(OPCODE.binary, frame))
    connection.flush()
    await joined.promise
    return connection
  }

  return {
    async openConversation(index, text, sender, readers): Promise<OpenConversation> {
      const opened = await Promise.all(readers.map((reader) => join(index, readerMessages(reader))))
      const connection = await join(index, senderMessages(sender))
      const payload = Buffer.concat([Buffer.alloc(5), text])
      payload[0] = SEND
      const frame = clientFrame(OPCODE.binary, payload)
      const numberAt = headerBytes(payload.length) + 1
      return {
        base: 0,
        readers: opened.map(closable),
        sender: {
          queue(k) {
            frame.writeUInt32LE(k, numberAt)
            patchCounter(frame, numberAt + 4, k)
            connection.queue(frame)
          },
          flush: () => connection.flush(),
          close: () => connection.destroy(),
        },
      }
    },

    async openIdle(index, joined, closed): Promise<Closable> {
      const events = { message() {}, chunkRead() {}, closed }
      return closable(joined ? await join(index, events) : await Connection.open(address, events))
    },
  }
}

const closable = (connection: Connection): Closable => ({ close: () => connection.destroy() })

function senderMessages(events: SenderEvents) {
  return {
    message(bytes: Buffer, from: number) {
      if (bytes[from] === SENT) events.acknowledged(bytes.readUInt32LE(from + 1), bytes.readUInt32LE(from + 5), true)
    },
    chunkRead: () => events.chunkRead(),
    closed: (reason: string) => events.closed(reason),
  }
}

function readerMessages(events: ReaderEvents) {
  return {
    message(bytes: Buffer, from: number, to: number) {
      if (bytes[from] === DELIVER) events.delivered(bytes.readUInt32LE(from + 1), bytes, from + 5, to)
    },
    closed: (reason: string) => events.closed(reason),
  }
}
