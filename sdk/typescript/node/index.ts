import { Client } from '../client/client.js'
import type { ClientOptions } from '../client/options.js'
import { WebSocket } from './web-socket.js'

export * from '../index.js'
export { fileStorage } from './file-storage.js'
export { WebSocket }

/** A Client on any Node: with the WebSocket of the package `ws`, the same on all versions. */
export function nodeClient(options: ClientOptions): Client {
  return new Client({ WebSocket, ...options })
}
