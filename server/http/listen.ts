import { type TemplatedApp, us_listen_socket_close, us_socket_local_port } from 'uWebSockets.js'

export interface Listening {
  readonly port: number
  /** Takes no more connections; those that are open stay. */
  close(): void
}

/** The library's constant LIBUS_LISTEN_EXCLUSIVE_PORT, which its types promise under a name that its module lacks. */
const EXCLUSIVE_PORT = 1

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
 * Listens on an address of this machine.
 * @throws CannotListenError
 */
export function listen(app: TemplatedApp, host: string, port: number): Promise<Listening> {
  return new Promise((resolve, reject) => {
    // Exclusive, because uWebSockets shares ports by default: a second server on one port would take half of the
    // connections of the first, with other data.
    ;(app.listen as unknown as ListenWithOptions).call(app, host, port, EXCLUSIVE_PORT, (socket) => {
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
export function urlOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}
