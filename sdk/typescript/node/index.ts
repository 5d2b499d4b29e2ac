import { WebSocket } from 'ws'
import { Client } from '../client/client.js'
import type { ClientOptions, WebSocketConstructor } from '../client/options.js'

export * from '../index.js'
export { fileStorage } from './file-storage.js'

/** A Client on any Node: with the WebSocket of the package `ws`, the same on all versions. */
export function nodeClient(options: ClientOptions): Client {
  return new Client({ WebSocket: NodeWebSocket as unknown as WebSocketConstructor, ...options })
}

class NodeWebSocket extends WebSocket {
  constructor(url: string) {
    // Small messages that are binary already: compressing them costs more than it saves.
    super(url, { perMessageDeflate: false })
  }
}
