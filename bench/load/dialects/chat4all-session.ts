import { randomBytes } from 'node:crypto'
import {
  CLIENT_FRAMES,
  type ClientFrame,
  type ConversationId,
  type Cseq,
  type DeviceId,
  errorCodeOfWire,
  frameCodec,
  hello,
  PROTOCOL_VERSION,
  payload,
  type ServerFrame,
  send,
  seq,
  Writer,
} from '@chat4all/protocol'
import { deferred } from '../deferred.js'
import { patchCounter } from '../message-text.js'
import { clientFrame, headerBytes } from '../websocket/client-frame.js'
import { Connection } from '../websocket/connection.js'
import { OPCODE } from '../websocket/frame-parser.js'
import { type FrameScan, scanFrames } from './chat4all-scan.js'

/** One session of a user with a Chat4All edge. */

/** The WebSocket endpoint of an edge. */
export const SESSION_PATH = '/v1/socket'

export interface SessionEvents extends FrameScan {
  chunkRead(): void
  closed(reason: string): void
}

export interface SessionOptions {
  readonly port: number
  readonly token: string
  readonly device?: string
  readonly cursors?: readonly { readonly conversation: string; readonly seq: number }[]
}

/** A question to the edge that has no answer yet. */
interface Waiting {
  /** Whether `frame` is the answer; if so, it has been taken. */
  answeredBy(frame: ServerFrame): boolean
  reject(error: Error): void
}

const codec = frameCodec(CLIENT_FRAMES)
/** Frames for the generator's own housekeeping are few; each is encoded anew. */
const writer = new Writer()

export class Chat4AllSession {
  private readonly connection: Connection
  /** How long the edge waits for a frame of ours before it closes, as told in `welcome`. */
  readonly heartbeatMs: number
  private readonly beat: NodeJS.Timeout
  private readonly waiting: Waiting[]

  /** Connects, says hello, and resolves at `ready`; frames that come before it go to `events` too. */
  static async open(options: SessionOptions, events: SessionEvents): Promise<Chat4AllSession> {
    const ready = deferred<void>()
    const waiting: Waiting[] = []
    let heartbeatMs = 0
    let session: Chat4AllSession | undefined
    const scan: FrameScan = {
      sent: (cseq, bytes, idAt, seq) => events.sent(cseq, bytes, idAt, seq),
      delivered: (seq, bytes, from, to, idAt) => events.delivered(seq, bytes, from, to, idAt),
      other(frame) {
        if (frame.t === 'welcome') heartbeatMs = frame.heartbeat
        else if (frame.t === 'ready') ready.resolve()
        else if (frame.t === 'error' && session === undefined) {
          ready.reject(new Error(`the edge refuses: ${errorCodeOfWire(frame.code)} ${frame.detail}`))
        }
        const index = waiting.findIndex((question) => question.answeredBy(frame))
        if (index >= 0) waiting.splice(index, 1)
        events.other(frame)
      },
    }
    const connection = await Connection.open(
      { port: options.port, path: SESSION_PATH },
      {
        message: (bytes, from, to) => scanFrames(bytes, from, to, scan),
        chunkRead: () => events.chunkRead(),
        closed(reason) {
          ready.reject(new Error(reason))
          if (session !== undefined) clearInterval(session.beat)
          for (const question of waiting.splice(0)) question.reject(new Error(reason))
          events.closed(reason)
        },
      },
    )
    hello.write(writer, {
      version_min: PROTOCOL_VERSION,
      version_max: PROTOCOL_VERSION,
      token: options.token,
      device: options.device as DeviceId | undefined,
      cursors: options.cursors as { conversation: ConversationId; seq: never }[] | undefined,
      agent: 'chat4all-bench',
    })
    connection.queue(clientFrame(OPCODE.binary, writer.take()))
    connection.flush()
    await ready.promise
    session = new Chat4AllSession(connection, heartbeatMs, waiting)
    return session
  }

  private constructor(connection: Connection, heartbeatMs: number, waiting: Waiting[]) {
    this.connection = connection
    this.heartbeatMs = heartbeatMs
    this.waiting = waiting
    const everyMs = heartbeatMs > 0 ? heartbeatMs / 3 : 10_000
    this.beat = setInterval(() => this.write({ t: 'ping' }), everyMs)
    this.beat.unref()
  }

  /** Sends one frame at once. */
  write(frame: ClientFrame): void {
    codec.encode(writer, frame)
    this.connection.queue(clientFrame(OPCODE.binary, writer.take()))
    this.connection.flush()
  }

  /** Sends a frame and resolves with the first frame that `isAnswer` accepts; rejects when the session ends first. */
  ask<F extends ServerFrame>(frame: ClientFrame, isAnswer: (answer: ServerFrame) => answer is F): Promise<F> {
    const answer = deferred<F>()
    this.waiting.push({
      answeredBy(candidate) {
        if (!isAnswer(candidate)) return false
        answer.resolve(candidate)
        return true
      },
      reject: answer.reject,
    })
    this.write(frame)
    return answer.promise
  }

  queue(frame: Buffer): void {
    this.connection.queue(frame)
  }

  flush(): void {
    this.connection.flush()
  }

  /** Drops the TCP connection, as a lost network does. */
  close(): void {
    clearInterval(this.beat)
    this.connection.destroy()
  }
}

/** Stands for the cseq and for `seen` until they are patched: the encoder gives it the five bytes of a 32-bit integer. */
const UINT32_PLACEHOLDER = 0xffff_ffff

/**
 * A `send` frame that is encoded once, by the protocol's own encoder, and afterwards patched in place: cseq, the last
 * four bytes of the message_id (k), the counter in the text, and `seen`.
 */
export class SendTemplate {
  private readonly frame: Buffer
  private readonly cseqAt: number
  private readonly idAt: number
  private readonly textAt: number
  private readonly seenAt: number

  constructor(conversation: string, idPrefix: Buffer, text: Buffer) {
    const messageId = messageIdOf(idPrefix, 0)
    payload.write(writer, { type: 'text', text: text.toString('latin1') })
    const encodedPayload = writer.take()
    send.write(writer, {
      cseq: UINT32_PLACEHOLDER as Cseq,
      conversation: conversation as ConversationId,
      message_id: messageId,
      payload: encodedPayload,
      seen: seq(UINT32_PLACEHOLDER),
    })
    const bytes = writer.take()
    this.frame = clientFrame(OPCODE.binary, bytes)
    // [0x99, code, 0xce, cseq…, 0xce, seen]: array head, the frame's number, a 32-bit integer … a 32-bit integer.
    this.cseqAt = headerBytes(bytes.length) + 3
    this.idAt = this.frame.indexOf(messageId)
    this.textAt = this.frame.indexOf(text)
    this.seenAt = this.frame.length - 4
    const isKnown = [this.cseqAt, this.seenAt].every((at) => this.frame.readUInt32BE(at) === UINT32_PLACEHOLDER)
    if (!isKnown || this.idAt < 0 || this.textAt < 0) {
      throw new Error('the encoding of `send` has changed: adapt this template')
    }
  }

  /** The frame for message k, first sent when its sender had `seen`; valid until the next call. */
  patch(cseq: number, k: number, seen: number): Buffer {
    this.frame.writeUInt32BE(cseq, this.cseqAt)
    this.frame.writeUInt32BE(k, this.idAt + 12)
    patchCounter(this.frame, this.textAt, k)
    this.frame.writeUInt32BE(seen, this.seenAt)
    return this.frame
  }
}

/** The first twelve bytes of the message_ids of one sender: random, in the form of a UUIDv4. */
export function newIdPrefix(): Buffer {
  const prefix = randomBytes(12)
  prefix[6] = (prefix[6]! & 0x0f) | 0x40
  prefix[8] = (prefix[8]! & 0x3f) | 0x80
  return prefix
}

/** The message_id of message k: the sender's prefix, then k. */
export function messageIdOf(idPrefix: Buffer, k: number): Buffer {
  const id = Buffer.alloc(16)
  idPrefix.copy(id)
  id.writeUInt32BE(k, 12)
  return id
}

/** Whether the 16 bytes at `idAt` are the message_id of message k. */
export function isMessageId(idPrefix: Buffer, k: number, bytes: Buffer, idAt: number): boolean {
  return idPrefix.compare(bytes, idAt, idAt + 12) === 0 && bytes.readUInt32BE(idAt + 12) === k
}
