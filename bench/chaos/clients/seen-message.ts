import { type Message, messageIdFromBytes } from '@chat4all/protocol'
import type { MessageAnswer } from '@chat4all/protocol/rest'
import { contentDigest } from '../history/content-digest.js'
import type { SeenMessage } from '../history/observation.js'

/** A message as the history keeps it, from wherever it was seen. */

type Content = Message['payload'] | MessageAnswer['payload']

function seen(seq: number, id: string, from: string, time: number, payload: Content): SeenMessage {
  switch (payload.type) {
    case 'text':
      return [seq, id, contentDigest(from, 'text', payload.text), time]
    case 'membership': {
      const change = `+${payload.added.join(',')} -${payload.removed.join(',')}`
      const digest = contentDigest(from, 'membership', change)
      return payload.removed.length > 0 ? [seq, id, digest, time, payload.removed] : [seq, id, digest, time]
    }
    default:
      return [seq, id, contentDigest(from, payload.type, JSON.stringify(payload)), time]
  }
}

/** As sessions and the event stream tell it. */
export function seenInFrame({ seq, message_id, from, time, payload }: Message): SeenMessage {
  return seen(seq, messageIdFromBytes(message_id), from, time, payload)
}

/** As REST tells it. */
export function seenInAnswer({ seq, message_id, from, time, payload }: MessageAnswer): SeenMessage {
  return seen(seq, message_id, from, time, payload)
}
