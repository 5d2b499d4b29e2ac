import {
  type AppId,
  type ConversationId,
  erasedFor,
  type Millis,
  messageKey,
  type Seq,
  type UserId,
} from '@chat4all/protocol'
import type {
  ConversationChange,
  MessageRange,
  StoredConversation,
  StoredCursor,
  StoredMember,
  StoredMessage,
  StoredReceipt,
  StoredRise,
} from '@chat4all/storage'
import type { Done } from './node-logs.js'
import { highest, newer, type ReplicaConversation, type ReplicaState, VIEW_TABLES } from './replica-state.js'
import type { Replicas } from './replicas.js'

/** The message view on three replicas: plain writes, table by table, replica by replica, in any order. */
export class SimulatedMessageView {
  private readonly replicas: Replicas<ReplicaState>

  constructor(replicas: Replicas<ReplicaState>) {
    this.replicas = replicas
  }

  apply(changes: readonly ConversationChange[], done: Done<true>): void {
    let left = VIEW_TABLES.length
    let failed = false
    for (const put of VIEW_TABLES) {
      this.replicas.write(
        (state) => {
          for (const change of changes) put(state, change)
        },
        (ok) => {
          failed ||= !ok
          if (--left === 0) done(failed ? undefined : true)
        },
      )
    }
  }

  load(conversation: ConversationId, done: Done<{ readonly stored: StoredConversation | undefined }>): void {
    this.replicas.read(
      (state) => summary(state.conversations.get(conversation)),
      (answers) => done(answers === undefined ? undefined : { stored: merge(answers) }),
    )
  }

  messages(conversation: ConversationId, range: MessageRange, done: Done<StoredMessage[]>): void {
    this.replicas.read(
      (state) => ({
        found: inRange(state.conversations.get(conversation), range),
        erasures: erasuresOf(state.conversations.get(conversation)),
      }),
      (answers) => {
        if (answers === undefined) return done(undefined)
        const found = new Map<Seq, StoredMessage>()
        const erasures = mergedErasures(answers.map((answer) => answer.erasures))
        for (const message of answers.flatMap((answer) => answer.found)) {
          if (message.seq > erasures.erased) found.set(message.seq, withoutForgotten(message, erasures))
        }
        done(cut([...found.values()], range))
      },
    )
  }

  find(conversation: ConversationId, messageId: Uint8Array, done: Done<{ readonly seq: Seq | undefined }>): void {
    const key = messageKey(messageId)
    this.replicas.read(
      (state) => state.conversations.get(conversation)?.seqs.get(key),
      (answers) => done(answers && { seq: answers.find((seq) => seq !== undefined) }),
    )
  }

  receipts(conversation: ConversationId, seq: Seq, users: readonly UserId[], done: Done<StoredReceipt[]>): void {
    this.replicas.read(
      (state) => {
        const row = state.conversations.get(conversation)
        return { rises: [...(row?.rises.values() ?? [])], erased: row?.erased ?? 0 }
      },
      (answers) => {
        if (answers === undefined) return done(undefined)
        const erased = Math.max(...answers.map((answer) => answer.erased))
        const rises = answers.flatMap((answer) => answer.rises).filter(({ upto }) => upto >= seq && upto > erased)
        const since = (user: UserId, kind: StoredRise['kind']) =>
          rises.filter((rise) => rise.user === user && rise.kind === kind).sort((a, b) => a.upto - b.upto)[0]?.time
        done(
          users.map((user) => {
            const [delivered, read] = [since(user, 'delivered'), since(user, 'read')]
            return { user, ...(delivered !== undefined && { delivered }), ...(read !== undefined && { read }) }
          }),
        )
      },
    )
  }

  conversationsOf(app: AppId, user: UserId, left: boolean, done: Done<ConversationId[]>): void {
    this.replicas.read(
      (state) => {
        const rows: { id: ConversationId; app: AppId | undefined; member: StoredMember | undefined; erased: Seq }[] = []
        for (const [id, { data, members, erased }] of state.conversations) {
          rows.push({ id, app: data?.app, member: members.get(user), erased })
        }
        return rows
      },
      (answers) => {
        if (answers === undefined) return done(undefined)
        const apps = new Map<ConversationId, AppId>()
        const found = new Map<ConversationId, StoredMember>()
        const erased = new Map<ConversationId, Seq>()
        for (const row of answers.flat()) {
          if (row.app !== undefined) apps.set(row.id, row.app)
          erased.set(row.id, Math.max(row.erased, erased.get(row.id) ?? 0) as Seq)
          if (row.member !== undefined) found.set(row.id, newer(found.get(row.id), row.member))
        }
        done(
          [...found]
            .filter(
              ([id, { present, version }]) =>
                (present || left) && (version > erased.get(id)! || erased.get(id) === 0) && apps.get(id) === app,
            )
            .map(([id]) => id),
        )
      },
    )
  }

  /** Deletes expired messages at every replica; `done` gets how many went. */
  sweep(now: Millis, limit: number, done: Done<number>): void {
    this.replicas.read(
      (state) => {
        let swept = 0
        for (const { messages } of state.conversations.values()) {
          for (const [seq, message] of messages) {
            if (swept === limit || message.expires === 0 || message.expires > now) continue
            messages.delete(seq)
            swept++
          }
        }
        return swept
      },
      (answers) => done(answers && Math.max(...answers)),
    )
  }
}

interface Erasures {
  readonly erased: Seq
  readonly forgotten: ReadonlyMap<UserId, Seq>
}

/** A copy: the replica goes on changing. */
function erasuresOf(row: ReplicaConversation | undefined): Erasures {
  return { erased: row?.erased ?? (0 as Seq), forgotten: new Map(row?.forgotten) }
}

function mergedErasures(all: readonly Erasures[]): Erasures {
  const forgotten = new Map<UserId, Seq>()
  for (const [user, upto] of all.flatMap((one) => [...one.forgotten])) {
    forgotten.set(user, Math.max(upto, forgotten.get(user) ?? 0) as Seq)
  }
  return { erased: Math.max(...all.map(({ erased }) => erased)) as Seq, forgotten }
}

function withoutForgotten({ seq, bytes }: StoredMessage, { forgotten }: Erasures): StoredMessage {
  for (const [user, upto] of forgotten) {
    const erased = seq <= upto ? erasedFor(bytes, user) : undefined
    if (erased !== undefined) return { seq, bytes: erased }
  }
  return { seq, bytes }
}

type Summary = Omit<ReplicaConversation, 'messages' | 'seqs' | 'rises' | 'forgotten'> & { readonly lowest: Seq }

/** A copy: the replica goes on changing. */
function summary(row: ReplicaConversation | undefined): Summary | undefined {
  if (row === undefined) return undefined
  let lowest = (row.head + 1) as Seq
  for (const seq of row.messages.keys()) if (seq < lowest) lowest = seq
  return {
    data: row.data,
    labels: row.labels,
    erased: row.erased,
    head: row.head,
    lowest,
    members: new Map(row.members),
    cursors: new Map(row.cursors),
  }
}

function merge(answers: readonly (Summary | undefined)[]): StoredConversation | undefined {
  const rows = answers.filter((row) => row !== undefined)
  const data = rows.find((row) => row.data !== undefined)?.data
  if (data === undefined) return undefined
  const members = new Map<UserId, StoredMember>()
  const cursors = new Map<UserId, StoredCursor>()
  for (const row of rows) {
    for (const member of row.members.values()) members.set(member.user, newer(members.get(member.user), member))
    for (const cursor of row.cursors.values()) cursors.set(cursor.user, highest(cursors.get(cursor.user), cursor))
  }
  const head = Math.max(...rows.map((row) => row.head)) as Seq
  const erased = Math.max(...rows.map((row) => row.erased)) as Seq
  const first = Math.max(1, erased + 1, Math.min(...rows.map((row) => row.lowest))) as Seq
  for (const [user, member] of members) {
    if (erased > 0 && member.present && member.version <= erased)
      members.set(user, { ...member, present: false, version: erased })
  }
  const labels = rows
    .flatMap((row) => row.labels ?? [])
    .sort((a, b) => a.version - b.version)
    .at(-1)
  return {
    data: labels === undefined ? data : { ...data, metadata: labels.metadata },
    head,
    first,
    members: [...members.values()],
    cursors: [...cursors.values()],
  }
}

/** Without regard to `limit`: what is erased, other replicas know perhaps, and takes no place. */
function inRange(row: ReplicaConversation | undefined, range: MessageRange): StoredMessage[] {
  if (row === undefined) return []
  const found: StoredMessage[] = []
  for (const [seq, { bytes, expires }] of row.messages) {
    if (seq > range.after && seq < range.before && (expires === 0 || expires > range.now)) found.push({ seq, bytes })
  }
  return found
}

function cut(messages: StoredMessage[], { limit, newestFirst }: MessageRange): StoredMessage[] {
  messages.sort((a, b) => a.seq - b.seq)
  return newestFirst ? messages.slice(Math.max(0, messages.length - limit)) : messages.slice(0, limit)
}
