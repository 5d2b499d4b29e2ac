import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { Transform } from 'node:stream'
import { tieSockets } from './tied-sockets.js'

/** What is carried, of what goes one way; the rest waits. */
export interface Carried {
  readonly to: 'client' | 'server'
  /** Of each connection. */
  readonly connectionBytes: number
  /** Of all connections together. */
  readonly totalBytes: number
}

/**
 * A network between client and server that carries so many bytes, and then lets whoever waits for more wait: it ends no
 * connection, so an upload or a download stands still where the test wants it, however fast the machine is.
 */
export class HoldingProxy {
  readonly port: number
  private readonly server: Server
  private readonly sockets = new Set<Socket>()
  private carried: Carried | undefined
  private leftBytes = 0
  private heldConnections = 0
  private tell = (): void => {}

  private constructor(server: Server, targetPort: number) {
    this.server = server
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (client) => {
      const target = connect(targetPort, '127.0.0.1')
      client.pipe(this.holding('server')).pipe(target)
      target.pipe(this.holding('client')).pipe(client)
      tieSockets(client, target, this.sockets)
    })
  }

  static async start(targetPort: number): Promise<HoldingProxy> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new HoldingProxy(server, targetPort)
  }

  /** From now on no more than this is carried. Resolves when so many connections wait for more. */
  async hold(carried: Carried, connections: number): Promise<void> {
    this.carried = carried
    this.leftBytes = carried.totalBytes
    this.heldConnections = 0
    await new Promise<void>((resolve) => {
      this.tell = () => {
        if (this.heldConnections >= connections) resolve()
      }
    })
  }

  /** Carries everything on connections that come from now on; those that there are end: one that is not read sees no end. */
  release(): void {
    this.carried = undefined
    for (const socket of this.sockets) socket.destroy()
  }

  stop(): void {
    this.release()
    this.server.close()
  }

  private holding(to: Carried['to']): Transform {
    let connectionBytes = 0
    return new Transform({
      transform: (chunk: Buffer, _, done) => {
        const { carried } = this
        if (carried?.to !== to) return done(undefined, chunk)
        const bytes = Math.min(chunk.length, carried.connectionBytes - connectionBytes, this.leftBytes)
        connectionBytes += bytes
        this.leftBytes -= bytes
        if (bytes === chunk.length) return done(undefined, chunk)
        // Never done: nothing behind it is carried.
        this.heldConnections++
        this.tell()
      },
    })
  }
}
