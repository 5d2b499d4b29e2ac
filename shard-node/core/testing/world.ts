import {
  type AppId,
  type ConversationData,
  type ConversationId,
  type EdgeId,
  type EdgeLinkFrame,
  type LogId,
  type Millis,
  message,
  messageKey,
  type NodeId,
  type NodeLinkFrame,
  type Offset,
  payload,
  Reader,
  type RequestFrame,
  type Seq,
  SLOTS,
  type SlotRow,
  type StoredConversation,
  type StoredCursor,
  type StoredMember,
  type StoredMessage,
  slotOf,
  type UserId,
  Writer,
} from '@chat4all/protocol'
import { type Effect, type LinkId, SHARD_DEFAULTS, ShardNodeCore } from '../index.js'
import { changesOf } from '../recovery.js'

/** For tests of the core: what a driver would do around it, and frames to send. */

export const APP = 'demo' as AppId
export const NODE = 'n1' as NodeId
export const CONVERSATION = 'c1' as ConversationId
export const SLOT = slotOf(CONVERSATION)
export const [ALICE, BOB, EVE] = ['alice', 'bob', 'eve'] as UserId[] as [UserId, UserId, UserId]

/** One core and the least world around it: a log in memory, a view that is a log replayed, effects carried out at once. */
export class World {
  core = new ShardNodeCore({ ...SHARD_DEFAULTS, node: NODE })
  now = 1_000_000 as Millis
  readonly log: Uint8Array[] = []
  sealed = false
  /** How many of the log's rises of cursors the view has. */
  risesInView = Number.POSITIVE_INFINITY
  holdAppends = false
  readonly heldAppends: Effect[] = []
  holdRecoveries = false
  readonly heldRecoveries: Extract<Effect, { type: 'recover' }>[] = []
  readonly frames: NodeLinkFrame[] = []
  readonly rows: SlotRow[] = []
  readonly calls: string[] = []
  private readonly link = 1 as LinkId

  constructor() {
    this.begin('log-1' as LogId, [])
  }

  begin(log: LogId, old: LogId[]): void {
    this.sealed = false
    this.core.start(log, old, this.now)
    this.core.membersChanged([NODE], new Array(SLOTS).fill(NODE), this.now)
    this.run()
    this.core.linkOpened(this.link, 'e1' as EdgeId, this.now)
  }

  send(...frames: EdgeLinkFrame[]): NodeLinkFrame[] {
    this.frames.length = 0
    this.core.frames(this.link, frames, this.now)
    this.run()
    return this.frames.slice()
  }

  run(): void {
    this.core.flush(this.now)
    for (let effects = this.core.takeEffects(); effects.length > 0; effects = this.core.takeEffects()) {
      for (const effect of effects) this.perform(effect)
      this.core.flush(this.now)
    }
  }

  releaseAppends(): void {
    this.holdAppends = false
    for (const effect of this.heldAppends.splice(0)) this.perform(effect)
    this.run()
  }

  stored(): StoredMessage[] {
    const found: StoredMessage[] = []
    for (const change of changesOf(this.log)) {
      if (change.conversation !== CONVERSATION || change.messages === undefined) continue
      let at = 0
      change.messages.lengths.forEach((length, i) => {
        found.push({
          seq: (change.messages!.firstSeq + i) as Seq,
          bytes: change.messages!.bytes.subarray(at, at + length),
        })
        at += length
      })
    }
    return found
  }

  private loaded(id: ConversationId): StoredConversation | undefined {
    let data: ConversationData | undefined
    let [head, first] = [0 as Seq, 1 as Seq]
    const members = new Map<UserId, StoredMember>()
    const cursors = new Map<UserId, StoredCursor>()
    for (const change of changesOf(this.log)) {
      if (change.conversation !== id) continue
      data ??= change.data
      if (data !== undefined && change.labels !== undefined) data = { ...data, metadata: change.labels.metadata }
      for (const member of change.members ?? []) members.set(member.user, member)
      for (const cursor of change.cursors ?? []) cursors.set(cursor.user, cursor)
      head = change.messages?.lastSeq ?? head
      if (change.erase === undefined || change.erase.user !== undefined) continue
      first = (change.erase.upto + 1) as Seq
      for (const member of members.values()) members.set(member.user, { ...member, present: false })
    }
    return data && { data, head, first, members: [...members.values()], cursors: [...cursors.values()] }
  }

  private perform(effect: Effect): void {
    const { core, now } = this
    this.calls.push(effect.type)
    switch (effect.type) {
      case 'send':
        this.frames.push(effect.frame)
        return
      case 'open-log':
        return core.opened(effect.log, now)
      case 'append':
        if (this.holdAppends) {
          this.heldAppends.push(effect)
          return
        }
        this.log.push(effect.entry)
        return core.appended(effect.log, effect.offset, now)
      case 'check-seal':
        return core.sealChecked(effect.log, effect.check, this.sealed, now)
      case 'load': {
        const stored = this.loaded(effect.conversation)
        const last = this.stored().findLast(({ seq }) => seq >= (stored?.first ?? 1))
        return core.loaded(effect.log, effect.conversation, stored, last, now)
      }
      case 'find': {
        const id = messageKey(effect.messageId)
        const hit = this.stored().find(({ bytes }) => messageKey(message.read(new Reader(bytes)).message_id) === id)
        return core.found(effect.token, hit?.seq, now)
      }
      case 'read-messages': {
        const range = this.stored().filter(({ seq }) => seq > effect.after && seq < effect.before)
        return core.messagesRead(
          effect.token,
          effect.newestFirst ? range.slice(-effect.limit) : range.slice(0, effect.limit),
          now,
        )
      }
      case 'read-receipts': {
        const rises = changesOf(this.log)
          .flatMap(({ rises }) => rises ?? [])
          .slice(0, this.risesInView)
        const since = (user: UserId, kind: 'delivered' | 'read') =>
          rises.find((rise) => rise.user === user && rise.kind === kind && rise.upto >= effect.seq)?.time
        const receipts = effect.users.map((user) => {
          const [delivered, read] = [since(user, 'delivered'), since(user, 'read')]
          return { user, ...(delivered !== undefined && { delivered }), ...(read !== undefined && { read }) }
        })
        return core.receiptsRead(effect.token, receipts, now)
      }
      case 'list':
        return core.listed(effect.token, [CONVERSATION], now)
      case 'apply':
        return core.applied(effect.log, effect.write, now)
      case 'read-slots':
        return core.slotsRead(effect.log, this.rows, now)
      case 'claim':
        for (const { slot, to } of effect.moves) this.rows[slot] = { slot, ...to }
        return core.claimed(
          effect.log,
          effect.moves.map(() => true),
          now,
        )
      case 'recover':
        if (this.holdRecoveries) {
          this.heldRecoveries.push(effect)
          return
        }
        switch (effect.step.type) {
          case 'seal':
            return core.recoveryStep(effect.log, { type: 'sealed' }, now, effect.step)
          case 'cursor':
            return core.recoveryStep(effect.log, { type: 'cursor', materialised: 0 as Offset }, now, effect.step)
          case 'read':
            return core.recoveryStep(
              effect.log,
              { type: 'entries', entries: this.log.slice(effect.step.from, effect.step.from + effect.step.limit) },
              now,
              effect.step,
            )
          case 'write-back':
            return core.recoveryStep(effect.log, { type: 'written-back' }, now, effect.step)
          case 'decide-end':
            return core.recoveryStep(effect.log, { type: 'end', end: effect.step.end }, now, effect.step)
          case 'apply':
            return core.recoveryStep(effect.log, { type: 'applied' }, now, effect.step)
          case 'save-cursor':
            return core.recoveryStep(effect.log, { type: 'cursor-saved' }, now, effect.step)
        }
    }
  }
}

let n = 0
export const at = () => ({ slot: SLOT, attempt: 0, n: ++n, app: APP, conversation: CONVERSATION })
export const open = (): RequestFrame => ({
  t: 'open',
  ...at(),
  type: 'group',
  members: [ALICE, BOB],
  admins: [ALICE],
  as: ALICE,
})
export const subscribe = (user = BOB): RequestFrame => ({ t: 'subscribe', ...at(), user })
const writer = new Writer()
export const text = (words: string) => {
  payload.write(writer, { type: 'text', text: words })
  return writer.take()
}
export const idOf = (number: number) => new Uint8Array(16).fill(number)
export const post = (number: number, more: Partial<Extract<RequestFrame, { t: 'post' }>> = {}): RequestFrame => ({
  t: 'post',
  ...at(),
  message_id: idOf(number),
  from: ALICE,
  payload: text(`message ${number}`),
  ...more,
})
type Named<T extends NodeLinkFrame['t']> = Extract<NodeLinkFrame, { t: T }>
export const only = <T extends NodeLinkFrame['t']>(frames: readonly NodeLinkFrame[], t: T): Named<T>[] =>
  frames.filter((frame): frame is Named<T> => frame.t === t)
export const acked = (frames: readonly NodeLinkFrame[]): Named<'acks'>['items'][number][] =>
  only(frames, 'acks').flatMap(({ items }) => items)
export const refused = (frames: readonly NodeLinkFrame[]) => only(frames, 'refuse').map(({ code }) => code)
