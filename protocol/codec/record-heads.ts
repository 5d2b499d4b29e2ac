import type { AppId, ConversationId, LogId, Offset } from '../ids.js'
import { logRecord } from '../schema/log-records.js'
import { appId, conversationId } from '../schema/parts.js'
import type { Of } from '../schema/types.js'
import { Reader } from './reader.js'

/**
 * What a publisher has to know of a record: whose it is, and which bytes it takes. The rest is passed over, so that
 * handing a record on costs little however much it holds.
 */
export type RecordHead =
  | {
      readonly type: 'created' | 'messages' | 'cursors'
      readonly app: AppId
      readonly conversation: ConversationId
      /** The whole record: a view of the entry, not a copy. */
      readonly record: Uint8Array
    }
  | { readonly type: 'follows'; readonly log: LogId; readonly end: Offset }

type OfConversation = Exclude<Of<typeof logRecord>['type'], 'follows'>

/** By tag (schema/log-records.ts). Record heads of a conversation begin alike: tag, conversation, app. */
const OF_CONVERSATION: readonly OfConversation[] = ['created', 'messages', 'cursors']
const FIELDS_MAX = 64

/** Reads the head of the record at the reader, which goes on behind the record. */
export function readRecordHead(reader: Reader): RecordHead {
  const start = reader.at
  const fields = reader.array(FIELDS_MAX)
  const type = OF_CONVERSATION[reader.uint(0xffff)]
  if (type === undefined) {
    reader.at = start
    const record = logRecord.read(reader)
    if (record.type === 'follows') return { type: 'follows', log: record.log, end: record.end }
    throw new Error(`a record of type ${record.type} has no head that could be read`)
  }
  const conversation = conversationId.read(reader)
  const app = appId.read(reader)
  for (let field = 3; field < fields; field++) reader.skip()
  return { type, app, conversation, record: reader.bytes.subarray(start, reader.at) }
}

/** The head of a record that stands alone. */
export function recordHeadOf(record: Uint8Array): RecordHead {
  return readRecordHead(new Reader(record))
}
