import {
  type ConversationId,
  type LogId,
  type Millis,
  messageKey,
  type Offset,
  type Seq,
  type UserId,
} from '@chat4all/protocol'
import type {
  ConversationChange,
  ConversationData,
  MessageBatch,
  StoredCursor,
  StoredLabels,
  StoredMember,
  StoredRise,
} from '@chat4all/storage'

/**
 * What one replica has. Everything merges: write-once cells, values that only rise, newest version by content. So it
 * does not matter in which order writes arrive, or how often.
 */
export interface ReplicaState {
  readonly logs: Map<LogId, ReplicaLog>
  readonly conversations: Map<ConversationId, ReplicaConversation>
}

export interface ReplicaLog {
  opened: boolean
  sealed: boolean
  readonly entries: Map<Offset, Uint8Array>
  materialised: Offset
  published: Offset
  droppedBelow: Offset
}

export interface ReplicaConversation {
  data: ConversationData | undefined
  labels: StoredLabels | undefined
  /** Everything up to here is erased, whoever writes it once more. */
  erased: Seq
  head: Seq
  readonly members: Map<UserId, StoredMember>
  readonly cursors: Map<UserId, StoredCursor>
  readonly messages: Map<Seq, ReplicaMessage>
  readonly seqs: Map<string, Seq>
  /** Rises of cursors, by user, kind and seq. */
  readonly rises: Map<string, StoredRise>
  /** What these users said up to there is erased. */
  readonly forgotten: Map<UserId, Seq>
}

export interface ReplicaMessage {
  readonly bytes: Uint8Array
  /** 0: never. */
  readonly expires: Millis
}

export function emptyReplica(): ReplicaState {
  return { logs: new Map(), conversations: new Map() }
}

export function logOf(state: ReplicaState, log: LogId): ReplicaLog {
  let found = state.logs.get(log)
  if (found === undefined) {
    const none = 0 as Offset
    found = {
      opened: false,
      sealed: false,
      entries: new Map(),
      materialised: none,
      published: none,
      droppedBelow: none,
    }
    state.logs.set(log, found)
  }
  return found
}

export function conversationOf(state: ReplicaState, id: ConversationId): ReplicaConversation {
  let found = state.conversations.get(id)
  if (found === undefined) {
    found = {
      data: undefined,
      labels: undefined,
      erased: 0 as Seq,
      head: 0 as Seq,
      members: new Map(),
      cursors: new Map(),
      messages: new Map(),
      seqs: new Map(),
      rises: new Map(),
      forgotten: new Map(),
    }
    state.conversations.set(id, found)
  }
  return found
}

// The tables of the message view. A change is written to each of them by a request of its own, so a reader may find
// one and miss the other, as with a database that has no transactions over partitions.

export const VIEW_TABLES: readonly ((state: ReplicaState, change: ConversationChange) => void)[] = [
  putMessages,
  putMessageIds,
  putHead,
  putMembers,
  putErasures,
]

function putMessages(state: ReplicaState, { conversation, messages }: ConversationChange): void {
  if (messages === undefined) return
  const into = conversationOf(state, conversation).messages
  let start = 0
  for (const [index, length] of messages.lengths.entries()) {
    const bytes = messages.bytes.subarray(start, start + length)
    start += length
    into.set((messages.firstSeq + index) as Seq, { bytes, expires: messages.expires?.[index] ?? (0 as Millis) })
  }
}

function putMessageIds(state: ReplicaState, { conversation, messages }: ConversationChange): void {
  if (messages === undefined) return
  const into = conversationOf(state, conversation).seqs
  for (const [index, id] of idsOf(messages).entries()) into.set(messageKey(id), (messages.firstSeq + index) as Seq)
}

function idsOf({ messageIds }: MessageBatch): Uint8Array[] {
  const ids: Uint8Array[] = []
  for (let at = 0; at < messageIds.length; at += 16) ids.push(messageIds.subarray(at, at + 16))
  return ids
}

function putHead(
  state: ReplicaState,
  { conversation, data, labels, messages, cursors, rises }: ConversationChange,
): void {
  const into = conversationOf(state, conversation)
  if (data !== undefined) into.data = data
  if (labels !== undefined && labels.version >= (into.labels?.version ?? 0)) into.labels = labels
  // Whichever write arrives last, the highest seq stays.
  if (messages !== undefined && messages.lastSeq > into.head) into.head = messages.lastSeq
  for (const rise of rises ?? []) into.rises.set(`${rise.user} ${rise.kind} ${rise.upto}`, rise)
  for (const cursor of cursors ?? []) into.cursors.set(cursor.user, highest(into.cursors.get(cursor.user), cursor))
}

function putMembers(state: ReplicaState, { conversation, members }: ConversationChange): void {
  if (members === undefined) return
  const into = conversationOf(state, conversation).members
  for (const member of members) into.set(member.user, newer(into.get(member.user), member))
}

function putErasures(state: ReplicaState, { conversation, erase }: ConversationChange): void {
  if (erase === undefined) return
  const into = conversationOf(state, conversation)
  if (erase.user === undefined) into.erased = Math.max(into.erased, erase.upto) as Seq
  else into.forgotten.set(erase.user, Math.max(erase.upto, into.forgotten.get(erase.user) ?? 0) as Seq)
}

export function newer(a: StoredMember | undefined, b: StoredMember): StoredMember {
  return a === undefined || b.version >= a.version ? b : a
}

export function highest(a: StoredCursor | undefined, b: StoredCursor): StoredCursor {
  if (a === undefined) return b
  return {
    user: b.user,
    delivered: Math.max(a.delivered, b.delivered) as Seq,
    read: Math.max(a.read, b.read) as Seq,
  }
}
