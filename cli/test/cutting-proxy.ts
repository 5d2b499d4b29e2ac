import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { tieSockets } from './tied-sockets.js'

/** A network between client and server that can be cut: what is on its way is lost, on either side. */
export class CuttingProxy {
  readonly url: string
  private readonly server: Server
  private readonly sockets = new Set<Socket>()

  private constructor(server: Server, target: URL) {
    this.server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('connection', (near) => {
      const far = connect(Number(target.port), target.hostname)
      near.pipe(far).pipe(near)
      tieSockets(near, far, this.sockets)
    })
  }

  static async start(target: string): Promise<CuttingProxy> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new CuttingProxy(server, new URL(target))
  }

  cut(): void {
    for (const socket of this.sockets) socket.destroy()
  }

  stop(): void {
    this.cut()
    this.server.close()
  }
}
