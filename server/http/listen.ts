import { type TemplatedApp, us_listen_socket_close, us_socket_local_port } from 'uWebSockets.js'
import { type AddressInfo, createServer } from 'node:net'

export interface Listening {
  readonly port: number
  /** Takes no more connections; those that are open stay. */
  close(): void
}

/** The library's constants LIBUS_LISTEN_EXCLUSIVE_PORT and _DEFAULT, which its types promise and its module lacks. */
const EXCLUSIVE_PORT = 1
const SHARED_PORT = 0

export class CannotListenError extends Error {
  constructor(host: string, port: number) {
    super(`cannot listen on ${host}:${port}: the port is in use, or the address is not of this machine`)
    this.name = 'CannotListenError'
  }
}

type ListenSocket = Parameters<typeof us_listen_socket_close>[0]
/** The form that the library has and its types lack. */
type ListenWithOptions = (
  host: string,
  port: number,
  options: number,
  then: (socket: ListenSocket | false) => void,
) => void

/**
 * Listens on an address of this machine, alone: uWebSockets shares ports by default, and a second server on one port would
 * take half of the connections of the first, with other data.
 * @throws CannotListenError
 */
export function listen(app: TemplatedApp, host: string, port: number): Promise<Listening> {
  return listenWith(app, host, port, EXCLUSIVE_PORT)
}

/**
 * The same, for a port that another app of this process is to take over while connections of this one stand.
 * @throws CannotListenError when another process has the port.
 */
export async function listenForTakeover(app: TemplatedApp, host: string, port: number): Promise<Listening> {
  // Who shares a port is not refused by anyone who shares it too, but by one who does not. And uWebSockets shares only a
  // port that was chosen beforehand.
  const probe = createServer()
  const free = await new Promise<number>((resolve, reject) => {
    probe.once('error', () => reject(new CannotListenError(host, port)))
    probe.listen({ host, port, exclusive: true }, () => {
      const { port: found } = probe.address() as AddressInfo
      probe.close(() => resolve(found))
    })
  })
  return takeOver(app, host, free)
}

/** Listens on a port that an app of this process has by {@link listenForTakeover}. */
export function takeOver(app: TemplatedApp, host: string, port: number): Promise<Listening> {
  return listenWith(app, host, port, SHARED_PORT)
}

function listenWith(app: TemplatedApp, host: string, port: number, options: number): Promise<Listening> {
  return new Promise((resolve, reject) => {
    ;(app.listen as unknown as ListenWithOptions).call(app, host, port, options, (socket) => {
      if (socket === false) {
        reject(new CannotListenError(host, port))
        return
      }
      let open = true
      resolve({
        port: us_socket_local_port(socket as never),
        close() {
          if (open) us_listen_socket_close(socket)
          open = false
        },
      })
    })
  })
}

/** How an address is written in a URL. */
export function urlOf(host: string, port: number, secure = false): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http${secure ? 's' : ''}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}
