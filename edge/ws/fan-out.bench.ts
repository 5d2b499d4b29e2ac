import {
  App,
  type us_listen_socket,
  us_listen_socket_close,
  us_socket_local_port,
  type WebSocket,
} from 'uWebSockets.js'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'

/**
 * Fan-out by uWebSockets' topics against a loop over the sockets: `node edge/dist/ws/fan-out.bench.js`. Clients are
 * another process that only reads. Prints the server's CPU microseconds per delivered message, and the memory of a
 * subscription. The decision that follows from it: docs/decisions/0020. The tests run it small.
 */

const MESSAGE_BYTES = 200
const ROUNDS_AT_ONCE = 50
const TOPIC = 'conversation'
type Data = Record<string, never>

export interface FanOutResult {
  readonly sockets: number
  readonly how: 'publish' | 'loop'
  readonly microsecondsPerDelivery: number
}

/** Measures both ways at each number of sockets; `deliveries` per measurement. */
export async function benchFanOut(sizes: readonly number[], deliveries: number): Promise<FanOutResult[]> {
  const results: FanOutResult[] = []
  for (const sockets of sizes) {
    const server = await Server.start()
    const clients = await clientsOf(server.port, sockets)
    await server.connected(sockets)
    // Twice, the first time to warm up.
    for (const counts of [false, true]) {
      for (const how of ['publish', 'loop'] as const) {
        const microsecondsPerDelivery = await server.measure(how, Math.max(1, Math.floor(deliveries / sockets)))
        if (counts) results.push({ sockets, how, microsecondsPerDelivery })
      }
    }
    clients.kill()
    server.close()
  }
  return results
}

/** Bytes of memory that a subscription of one socket to one topic of its own takes. */
export async function benchSubscription(sockets: number): Promise<number> {
  const server = await Server.start()
  const clients = await clientsOf(server.port, sockets)
  await server.connected(sockets)
  const before = process.memoryUsage.rss()
  server.subscribeEach()
  const bytes = (process.memoryUsage.rss() - before) / sockets
  clients.kill()
  server.close()
  return bytes
}

async function drained(sockets: readonly WebSocket<Data>[]): Promise<void> {
  while (sockets.some((socket) => socket.getBufferedAmount() > 0))
    await new Promise((resolve) => setTimeout(resolve, 1))
}

class Server {
  port = 0
  private listening: us_listen_socket | undefined
  private readonly app = App()
  private readonly sockets = new Set<WebSocket<Data>>()

  static async start(): Promise<Server> {
    const server = new Server()
    server.app.ws<Data>('/*', {
      maxBackpressure: 0,
      open: (socket) => {
        server.sockets.add(socket)
        socket.subscribe(TOPIC)
      },
      close: (socket) => server.sockets.delete(socket),
    })
    await new Promise<void>((resolve, reject) => {
      server.app.listen('127.0.0.1', 0, (socket) => {
        if (socket === false) return reject(new Error('cannot listen'))
        server.listening = socket
        server.port = us_socket_local_port(socket as never)
        resolve()
      })
    })
    return server
  }

  async connected(count: number): Promise<void> {
    while (this.sockets.size < count) await new Promise((resolve) => setTimeout(resolve, 2))
  }

  /** One message per turn to all: what a group sees. */
  async measure(how: FanOutResult['how'], rounds: number): Promise<number> {
    const message = new Uint8Array(MESSAGE_BYTES)
    const sockets = [...this.sockets]
    const before = process.cpuUsage()
    for (let round = 0; round < rounds; round++) {
      if (how === 'publish') this.app.publish(TOPIC, message, true)
      else for (const socket of sockets) socket.send(message, true)
      await new Promise((resolve) => setImmediate(resolve))
      // A socket that is full takes messages for the price of a copy: let the clients read, that each send is one.
      if (round % ROUNDS_AT_ONCE === 0) await drained(sockets)
    }
    await drained(sockets)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / (rounds * sockets.length)
  }

  subscribeEach(): void {
    let n = 0
    for (const socket of this.sockets) socket.subscribe(`${TOPIC}-${n++}`)
  }

  close(): void {
    if (this.listening !== undefined) us_listen_socket_close(this.listening)
    this.app.close()
  }
}

/** A process with that many clients, which has connected when this resolves. */
async function clientsOf(port: number, count: number) {
  const child = fork(fileURLToPath(import.meta.url), ['clients', String(port), String(count)])
  await once(child, 'message')
  return child
}

async function runClients(port: number, count: number): Promise<void> {
  const sockets: Socket[] = []
  for (let i = 0; i < count; i++) {
    const socket = connect(port, '127.0.0.1')
    socket.write(
      'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    )
    await once(socket, 'data')
    socket.resume()
    sockets.push(socket)
  }
  process.send?.('connected')
  process.on('disconnect', () => process.exit())
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , mode, port, count] = process.argv
  if (mode === 'clients') await runClients(Number(port), Number(count))
  else {
    for (const { sockets, how, microsecondsPerDelivery } of await benchFanOut([2, 100, 1_000], 300_000)) {
      console.log(
        `${String(sockets).padStart(5)} sockets  ${how.padEnd(7)}  ${microsecondsPerDelivery.toFixed(2)} µs per delivery`,
      )
    }
    console.log(`a subscription: ${Math.round(await benchSubscription(5_000))} bytes`)
    process.exit()
  }
}
