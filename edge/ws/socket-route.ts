import type { TemplatedApp, WebSocket } from 'uWebSockets.js'
import { HELLO_BYTES_MAX, type Millis } from '@chat4all/protocol'
import type { EdgeCore } from '../core/index.js'
import { ClientConnection } from './client-connection.js'
import { MessageSlab } from './message-slab.js'
import type { Outbox } from './outbox.js'

/** uWebSockets cuts a connection without a word past its own bound, so that lies above what we answer ourselves. */
const MESSAGE_BYTES_MAX = 2 * HELLO_BYTES_MAX

/** uWebSockets copies the fields of what it is given, and only those: a class would lose its methods. */
export interface SocketData {
  readonly connection: ClientConnection
}

export interface SocketRoute {
  /** Path of the WebSocket, `/v1/socket`. */
  readonly path: string
  /** False: this edge is going away; clients are answered 503 and try another one. */
  accepts(): boolean
  now(): Millis
  /** A connection that holds more than this when a WebSocket ping comes is cut. */
  readonly pongBytesMax: number
  /** Called when the core was given something to do: its frames to nodes are to be sent. */
  afterInput(): void
}

/** Attaches the clients' WebSocket to an app. Messages are binary, each holds one or more frames. */
export function attachSocketRoute(app: TemplatedApp, core: EdgeCore, outbox: Outbox, route: SocketRoute): void {
  const slab = new MessageSlab()
  app.ws<SocketData>(route.path, {
    compression: 0,
    maxPayloadLength: MESSAGE_BYTES_MAX,
    // No bound of its own, and no close of its own: see ClientConnection. Silence is noticed by the core's sweep.
    maxBackpressure: 0,
    closeOnBackpressureLimit: false,
    idleTimeout: 0,
    sendPingsAutomatically: false,
    upgrade(res, req, context) {
      if (!route.accepts()) {
        res.writeStatus('503 Service Unavailable').writeHeader('retry-after', '1').end()
        return
      }
      res.upgrade(
        { connection: new ClientConnection(outbox) },
        req.getHeader('sec-websocket-key'),
        req.getHeader('sec-websocket-protocol'),
        req.getHeader('sec-websocket-extensions'),
        context,
      )
    },
    open(socket: WebSocket<SocketData>) {
      const { connection } = socket.getUserData()
      connection.opened(socket)
      connection.session = core.sessionOpened(connection, route.now())
    },
    message(socket, message, isBinary) {
      const session = socket.getUserData().connection.session!
      if (!isBinary) core.receivedText(session, route.now())
      else if (message.byteLength > HELLO_BYTES_MAX) core.tooLarge(session)
      else core.received(session, slab.copy(message), route.now())
      route.afterInput()
    },
    ping(socket) {
      // uWebSockets has written the pong, whatever waits already: who pings and never reads would fill the memory.
      if (socket.getBufferedAmount() > route.pongBytesMax) socket.close()
    },
    drain(socket) {
      const { connection } = socket.getUserData()
      connection.drained()
      outbox.drained(connection)
      route.afterInput()
    },
    close(socket, code) {
      const { connection } = socket.getUserData()
      const { session } = connection
      const told = connection.closed(code)
      if (session !== undefined) core.sessionClosed(session, told, route.now())
      route.afterInput()
    },
  })
}
