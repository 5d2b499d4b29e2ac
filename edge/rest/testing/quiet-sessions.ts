import { encodeFrame } from '../../core/encoded-frames.js'
import type { Sessions } from '../../sessions.js'

/** Sessions of users without conversations, in which nothing happens: for tests of what stands around them. */
export function quietSessions(): Sessions {
  return {
    open(socket) {
      let gone = false
      setImmediate(() => {
        if (!gone) socket.write(encodeFrame({ t: 'ready', conversations: 0 }))
      })
      return {
        heard() {},
        drained() {},
        closed() {
          gone = true
        },
      }
    },
  }
}
