import { deferred } from '../deferred.js'
import type { Closable, Dialect, OpenConversation, Target } from '../dialect.js'
import { patchCounter } from '../message-text.js'
import { clientFrame, headerBytes } from '../websocket/client-frame.js'
import { type Address, Connection } from '../websocket/connection.js'
import { OPCODE } from '../websocket/frame-parser.js'

/**
 * Engine.IO 4 / Socket.IO 5 text packets, written by hand: socket.io's own client would cost more than the server.
 * `0{…}` open, `2` ping, `3` pong, `40` connect, `42["event",…]` event, `42ID[…]` event with acknowledgement wanted,
 * `43ID[…]` acknowledgement.
 */

/** Acknowledgement ids count from here, so that all have as many digits and a frame's template is patched in place. */
const FIRST_ID = 1_000_000_000
const JOIN_ID = 1
const ID_AT = 2
const DELIVER_HEAD = '42["deliver",'
const CODE = { open: 48, ping: 50, message: 52, connect: 48, event: 50, acknowledgement: 51, quote: 34, zero: 48 }

export interface PacketEvents {
  acknowledgement?(id: number, seq: number): void
  delivered?(seq: number, bytes: Buffer, from: number, to: number): void
  chunkRead?(): void
  closed(reason: string): void
}

export function socketIoDialect(target: Target): Dialect {
  const address: Address = { port: target.port, path: '/socket.io/?EIO=4&transport=websocket' }

  const open = async (events: PacketEvents): Promise<Connection> => {
    const connected = deferred()
    const connection: Connection = await Connection.open(address, {
      message(bytes, from, to) {
        const type = bytes[from]
        if (type === CODE.message) {
          if (bytes[from + 1] === CODE.connect) connected.resolve()
          else readPacket(bytes, from, to, events)
        } else if (type === CODE.ping) sendText(connection, '3')
      },
      chunkRead: () => events.chunkRead?.(),
      closed(reason) {
        connected.reject(new Error(reason))
        events.closed(reason)
      },
    })
    sendText(connection, '40')
    await connected.promise
    return connection
  }

  const join = async (conversation: number, events: PacketEvents): Promise<Connection> => {
    const joined = deferred()
    const connection = await open({
      ...events,
      acknowledgement(id, seq) {
        if (id === JOIN_ID) joined.resolve()
        else events.acknowledgement?.(id, seq)
      },
      closed(reason) {
        joined.reject(new Error(reason))
        events.closed(reason)
      },
    })
    sendText(connection, `42${JOIN_ID}["join","c${conversation}"]`)
    await joined.promise
    return connection
  }

  return {
    async openConversation(index, text, sender, readers): Promise<OpenConversation> {
      const opened = await Promise.all(
        readers.map((reader) =>
          join(index, {
            delivered: (seq, bytes, from, to) => reader.delivered(seq, bytes, from, to),
            closed: (reason) => reader.closed(reason),
          }),
        ),
      )
      const connection = await join(index, {
        acknowledgement: (id, seq) => sender.acknowledged(id - FIRST_ID, seq, true),
        chunkRead: () => sender.chunkRead(),
        closed: (reason) => sender.closed(reason),
      })
      const head = `42${FIRST_ID}["send","`
      const payload = Buffer.concat([Buffer.from(head), text, Buffer.from('"]')])
      const frame = clientFrame(OPCODE.text, payload)
      const payloadAt = headerBytes(payload.length)
      return {
        base: 0,
        readers: opened.map(closable),
        sender: {
          queue(k) {
            writeDigits(frame, payloadAt + ID_AT, FIRST_ID + k)
            patchCounter(frame, payloadAt + head.length, k)
            connection.queue(frame)
          },
          flush: () => connection.flush(),
          close: () => connection.destroy(),
        },
      }
    },

    async openIdle(index, joined, closed): Promise<Closable> {
      return closable(joined ? await join(index, { closed }) : await open({ closed }))
    },
  }
}

const closable = (connection: Connection): Closable => ({ close: () => connection.destroy() })

function sendText(connection: Connection, text: string): void {
  connection.queue(clientFrame(OPCODE.text, Buffer.from(text)))
  connection.flush()
}

function writeDigits(bytes: Buffer, at: number, value: number): void {
  let rest = value
  for (let i = at + 9; i >= at; i--) {
    const next = Math.floor(rest / 10)
    bytes[i] = CODE.zero + (rest - next * 10)
    rest = next
  }
}

/** Reads a socket.io packet that lies in `bytes` from `from` to `to`. */
export function readPacket(bytes: Buffer, from: number, to: number, events: PacketEvents): void {
  const type = bytes[from + 1]
  if (type === CODE.acknowledgement) {
    let at = from + 2
    let id = 0
    for (let digit = digitAt(bytes, at); digit >= 0; digit = digitAt(bytes, ++at)) id = id * 10 + digit
    let seq = 0
    at++ // the bracket
    for (let digit = digitAt(bytes, at); digit >= 0; digit = digitAt(bytes, ++at)) seq = seq * 10 + digit
    events.acknowledgement?.(id, seq)
  } else if (type === CODE.event) {
    let at = from + DELIVER_HEAD.length
    let seq = 0
    for (let digit = digitAt(bytes, at); digit >= 0; digit = digitAt(bytes, ++at)) seq = seq * 10 + digit
    if (bytes[at + 1] !== CODE.quote || bytes[to - 2] !== CODE.quote) throw new Error('an event that was not expected')
    events.delivered?.(seq, bytes, at + 2, to - 2)
  } else throw new Error(`unexpected packet ${bytes.subarray(from, Math.min(to, from + 80)).toString()}`)
}

function digitAt(bytes: Buffer, at: number): number {
  const digit = bytes[at]! - CODE.zero
  return digit >= 0 && digit <= 9 ? digit : -1
}
