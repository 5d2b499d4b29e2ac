import { startChat4All } from './chat4all.js'
import { startCentrifuge, startSocketIo, startUwsRelay } from './peers.js'
import type { RunningServer } from './running-server.js'

/** The servers that can be measured. */
export const SERVER_NAMES = ['chat4all', 'centrifuge', 'socket-io', 'uws-relay'] as const
export type ServerName = (typeof SERVER_NAMES)[number]

export const SERVER_ABOUT: Record<ServerName, string> = {
  chat4all: 'this project, all roles in one process; durable (fdatasync before the acknowledgement)',
  centrifuge: 'Go library, protobuf protocol, history of 1,000 in memory; not durable',
  'socket-io': 'socket.io on its default engine ws, WebSocket only, no compression; nothing stored',
  'uws-relay': 'bare uWebSockets.js: number, acknowledge, pass on; nothing stored: the floor',
}

export function startServer(name: ServerName, processors: string | undefined): Promise<RunningServer> {
  switch (name) {
    case 'chat4all':
      return startChat4All({ processors })
    case 'centrifuge':
      return startCentrifuge(processors)
    case 'socket-io':
      return startSocketIo(processors)
    case 'uws-relay':
      return startUwsRelay(processors)
  }
}
