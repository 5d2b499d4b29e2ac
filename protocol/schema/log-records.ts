import { MEMBERS_CHANGED_MAX } from '../limits.js'
import {
  appId,
  conversationId,
  conversationType,
  logName,
  metadata,
  moment,
  offsetNumber,
  seqNumber,
  userId,
} from './parts.js'
import { tuple, union } from './shapes.js'
import { bin, list, type Of, optional, uint } from './types.js'

/**
 * What an entry of a node log holds: records, one behind the other. All messages that one flush has for a
 * conversation stand together, so the bytes in the log are the bytes that are fanned out and the bytes in the view.
 */
export const logRecord = union('log record', {
  /** A conversation comes into being. */
  created: [
    0,
    {
      conversation: conversationId,
      app: appId,
      kind: conversationType,
      members: list(userId, MEMBERS_CHANGED_MAX + 1),
      admins: list(userId, MEMBERS_CHANGED_MAX + 1),
      time: moment,
      metadata: optional(metadata),
      ttl: optional(uint('seconds')),
    },
  ],
  /** Consecutive messages; changes of members are messages too (payload `membership`). */
  messages: [
    1,
    {
      conversation: conversationId,
      app: appId,
      first: seqNumber,
      count: uint('messages'),
      messages: bin('the messages, one behind the other', 0, 16 * 1024 * 1024),
    },
  ],
  /**
   * Members' cursors: absolute values, and those that they rose from, so that who reads only the log knows which messages
   * each rise is about.
   */
  cursors: [
    2,
    {
      conversation: conversationId,
      app: appId,
      items: list(
        tuple('cursors', {
          user: userId,
          delivered: seqNumber,
          read: seqNumber,
          time: moment,
          delivered_before: seqNumber,
          read_before: seqNumber,
        }),
        100_000,
      ),
    },
  ],
  /**
   * This log's owner took slots from `log`, in which nothing of them stands at or behind `end`. Committed before the
   * claim, so that whoever publishes this log knows what has to be published first.
   */
  follows: [3, { log: logName, end: offsetNumber }],
})
export type LogRecord = Of<typeof logRecord>
