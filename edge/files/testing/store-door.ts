import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** The way to a store, which can be shut and opened again: what is behind it is then down for whoever comes this way. */
export class StoreDoor {
  readonly port: number
  private readonly target: URL
  private readonly sockets = new Set<Socket>()
  private server: Server | undefined

  private constructor(target: URL, server: Server) {
    this.target = target
    this.server = server
    this.port = (server.address() as { port: number }).port
  }

  static async to(address: string): Promise<StoreDoor> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const door = new StoreDoor(new URL(address), server)
    server.on('connection', (socket) => door.lead(socket))
    return door
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  async shut(): Promise<void> {
    const { server } = this
    if (server === undefined) return
    this.server = undefined
    for (const socket of this.sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  }

  async open(): Promise<void> {
    const server = createServer((socket) => this.lead(socket))
    server.listen(this.port, '127.0.0.1')
    await once(server, 'listening')
    this.server = server
  }

  private lead(near: Socket): void {
    const far = connect(Number(this.target.port), this.target.hostname)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(from)
      from.on('error', () => {})
      from.once('close', () => {
        this.sockets.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
  }
}
