import {
  CLIENT_FRAMES,
  type ClientFrame,
  type ConversationId,
  type DeviceId,
  frameCodec,
  PROTOCOL_VERSION,
  SERVER_FRAMES,
  type Seq,
  type ServerFrame,
  SOCKET_PATH,
  Writer,
} from '@chat4all/protocol'
import { clientFrame } from '../../load/websocket/client-frame.js'
import { Connection } from '../../load/websocket/connection.js'
import { OPCODE } from '../../load/websocket/frame-parser.js'

/** One WebSocket session, frame by frame: nothing is merged, repeated or left out on behalf of the device. */

const clientCodec = frameCodec(CLIENT_FRAMES)
const serverCodec = frameCodec(SERVER_FRAMES)
const writer = new Writer()

export interface SessionEvents {
  frame(frame: ServerFrame): void
  closed(reason: string): void
}

export interface Greeting {
  readonly port: number
  readonly token: string
  readonly device: string
  readonly cursors: ReadonlyMap<string, number>
}

export class Session {
  private readonly connection: Connection

  /** Connects and says hello; what comes, `welcome` first, goes to `events`. */
  static async open(greeting: Greeting, events: SessionEvents): Promise<Session> {
    const connection = await Connection.open(
      { port: greeting.port, path: SOCKET_PATH },
      {
        // A copy: the decoded frames keep views of it, and `bytes` is reused.
        message: (bytes, from, to) =>
          serverCodec.decodeAll(Uint8Array.prototype.slice.call(bytes, from, to), (frame) => events.frame(frame)),
        chunkRead() {},
        closed: (reason) => events.closed(reason),
      },
    )
    const session = new Session(connection)
    session.write({
      t: 'hello',
      version_min: PROTOCOL_VERSION,
      version_max: PROTOCOL_VERSION,
      token: greeting.token,
      device: greeting.device as DeviceId,
      cursors: [...greeting.cursors].map(([conversation, seq]) => ({
        conversation: conversation as ConversationId,
        seq: seq as Seq,
      })),
      agent: 'chat4all-chaos',
    })
    return session
  }

  private constructor(connection: Connection) {
    this.connection = connection
  }

  write(...frames: readonly ClientFrame[]): void {
    if (frames.length === 0) return
    for (const frame of frames) clientCodec.encode(writer, frame)
    this.connection.queue(clientFrame(OPCODE.binary, writer.take()))
    this.connection.flush()
  }

  /** Drops the connection, as a lost network does. */
  destroy(): void {
    this.connection.destroy()
  }
}
