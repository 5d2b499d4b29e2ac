import { WebSocket as Socket } from 'ws'
import type { WebSocketConstructor } from '../client/options.js'

class PlainWebSocket extends Socket {
  constructor(url: string) {
    // Small messages that are binary already: compressing them costs more than it saves.
    super(url, { perMessageDeflate: false })
  }
}

/** The WebSocket for `ClientOptions` where the platform has none. Its listeners' types are stricter than the standard's. */
export const WebSocket = PlainWebSocket as unknown as WebSocketConstructor
