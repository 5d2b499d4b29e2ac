import type { ConversationId, Millis, Seq, UserId } from '@chat4all/protocol'
import { encodeBatch } from '../batch-row.js'
import type {
  ConversationChange,
  ConversationData,
  MessageBatch,
  StoredCursor,
  StoredLabels,
  StoredMember,
} from '../port.js'
import type { RowChanges } from './database.js'
import type { Head } from './head-row.js'
import { batchKey, expiryKey, riseKey } from './keys.js'
import { ID_BYTES } from './message-ids.js'
import { encodeTime, laterCursor } from './rows.js'

/** What all changes of one `apply` do to one conversation, before it is compared with its members' and cursors' rows. */
export class PendingChange {
  readonly conversation: ConversationId
  readonly head: Head
  data: ConversationData | undefined
  labels: StoredLabels | undefined
  readonly members = new Map<UserId, StoredMember>()
  readonly cursors = new Map<UserId, StoredCursor>()
  /** Ids of the messages that are new. */
  readonly ids: Uint8Array[] = []
  /** Some of them have a time to live. */
  expiring = false
  private top: Seq

  constructor(conversation: ConversationId, head: Head) {
    this.conversation = conversation
    this.head = head
    this.top = head.head
  }

  add(change: ConversationChange, rows: RowChanges): void {
    if (change.data !== undefined) this.data = change.data
    if (change.labels !== undefined && change.labels.version >= (this.labels?.version ?? 0)) this.labels = change.labels
    for (const member of change.members ?? []) {
      const other = this.members.get(member.user)
      if (other === undefined || member.version >= other.version) this.members.set(member.user, member)
    }
    for (const cursor of change.cursors ?? []) {
      this.cursors.set(cursor.user, laterCursor(cursor, this.cursors.get(cursor.user)))
    }
    for (const { user, kind, upto, time } of change.rises ?? []) {
      rows.put(riseKey(this.conversation, user, kind, upto), encodeTime(time))
    }
    if (change.messages !== undefined) this.addMessages(change.messages, rows)
  }

  /** Takes the messages that the view does not have: after a crash, batches come again, and cut differently. */
  private addMessages(batch: MessageBatch, rows: RowChanges): void {
    if (batch.lastSeq <= this.top) return
    const first = (this.top + 1) as Seq
    if (batch.firstSeq > first) {
      throw new Error(
        `messages ${batch.firstSeq} to ${batch.lastSeq} of ${this.conversation} came, and the view ends at ${this.top}`,
      )
    }
    rows.put(batchKey(this.conversation, first), encodeBatch(batch, first))
    const skipped = first - batch.firstSeq
    this.ids.push(skipped === 0 ? batch.messageIds : batch.messageIds.subarray(skipped * ID_BYTES))
    const expiry = earliestExpiry(batch, skipped)
    if (expiry !== undefined) {
      this.expiring = true
      rows.put(expiryKey(expiry, this.conversation, first), NO_BYTES)
    }
    this.top = batch.lastSeq
  }
}

const NO_BYTES = Buffer.alloc(0)

function earliestExpiry(batch: MessageBatch, from: number): Millis | undefined {
  let earliest: Millis | undefined
  if (batch.expires === undefined) return undefined
  for (let i = from; i < batch.expires.length; i++) {
    const time = batch.expires[i]!
    if (time !== 0 && (earliest === undefined || time < earliest)) earliest = time
  }
  return earliest
}
