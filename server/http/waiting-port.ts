import { App } from 'uWebSockets.js'
import { mountHealth, type Unreadiness } from './health-routes.js'
import { listen } from './listen.js'

/** Health routes on the port of an edge that cannot serve yet. */
export interface WaitingPort {
  /** The one that it got, where any would do. */
  readonly port: number
  /** Leaves the port to whoever comes next. */
  close(): void
}

/** @throws CannotListenError */
export async function openWaitingPort(host: string, port: number, unreadiness: Unreadiness): Promise<WaitingPort> {
  const app = App()
  mountHealth(app, unreadiness)
  const listening = await listen(app, host, port)
  return {
    port: listening.port,
    close() {
      listening.close()
      app.close()
    },
  }
}
