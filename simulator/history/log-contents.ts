import {
  type LogId,
  logRecord,
  messageIdFromBytes,
  type Offset,
  Reader,
  type StoredPayload,
  sealedMessage,
  storedPayload,
} from '@chat4all/protocol'
import type { SimulatedStore } from '../store/index.js'
import type { History, LogContent } from './history.js'

/** Puts into the history what every log holds in the end: below its decided end, or all that was written. */
export function recordLogContents(history: History, store: SimulatedStore, at: number): void {
  const { logs } = store
  for (const [log, entries] of logs.written) {
    const end = logs.endOf(log) ?? (entries.length as Offset)
    history.record({ type: 'log-content', at, log, end, messages: messagesOf(entries.slice(0, end)) })
  }
  for (const early of logs.decidedTooEarly) history.record({ type: 'decided-too-early', ...early })
  for (const { log, offset } of logs.rewritten) history.record({ type: 'rewritten', at, log: log as LogId, offset })
}

function messagesOf(entries: readonly Uint8Array[]): LogContent['messages'] {
  const found: LogContent['messages'][number][] = []
  for (const entry of entries) {
    const reader = new Reader(entry ?? new Uint8Array(0))
    while (!reader.done) {
      const record = logRecord.read(reader)
      if (record.type !== 'messages') continue
      const inner = new Reader(record.messages)
      while (!inner.done) {
        const { seq, message_id, payload } = sealedMessage.read(inner)
        const stored = storedPayload.read(new Reader(payload))
        const erases = erasureOf(stored)
        const removes = stored.type === 'membership' && stored.removed.length > 0 ? stored.removed : undefined
        const messageId = messageIdFromBytes(message_id)
        found.push({
          conversation: record.conversation,
          seq,
          messageId,
          ...(erases && { erases }),
          ...(removes && { removes }),
        })
      }
    }
  }
  return found
}

function erasureOf(payload: StoredPayload): LogContent['messages'][number]['erases'] {
  if (payload.type !== 'membership') return undefined
  if (payload.erased === true) return { user: undefined }
  return payload.forgotten === undefined ? undefined : { user: payload.forgotten }
}
