import {
  type LogId,
  logRecord,
  type Millis,
  type Offset,
  Reader,
  type Seq,
  sealedMessage,
  storedPayload,
} from '@chat4all/protocol'
import { ChangeSet } from './change-set.js'
import { risesOf } from './conversation.js'
import type { Effect, RecoveryOutcome, RecoveryRequest } from './effects.js'
import { feedChange } from './membership.js'
import { ALL_RULES, type ShardRules } from './rules.js'

/** Entries read, and written back, at a time. */
const READ_AT_ONCE = 64

/**
 * Recovers the log of an incarnation that is gone (design §3): seal; read from the materialise cursor to the first
 * hole and put each entry back onto a quorum; decide the end once; bring the view up to it. Any node may do it, two
 * may at once, each may die at any step: every step can be repeated, and the end is whatever was decided first.
 *
 * The accident it prevents: two nodes that believe in different ends of one log, so that a message is there for one
 * and not for the other.
 */
export class Recovery {
  readonly log: LogId
  private readonly rules: ShardRules
  private step:
    | 'sealing'
    | 'cursor'
    | 'reading'
    | 'writing-back'
    | 'second-look'
    | 'deciding'
    | 'applying'
    | 'saving'
    | 'done' = 'sealing'
  /** The step under way. */
  asked: RecoveryRequest = { type: 'seal' }
  private from = 0 as Offset
  private readonly entries: Uint8Array[] = []
  private read: readonly Uint8Array[] = []
  private writtenBack = 0
  /** Where the log ends, once it is done. */
  end = 0 as Offset

  constructor(log: LogId, rules: ShardRules) {
    this.log = log
    this.rules = rules
  }

  get done(): boolean {
    return this.step === 'done'
  }

  begin(effects: Effect[]): void {
    this.ask({ type: 'seal' }, effects)
  }

  outcome(outcome: RecoveryOutcome, effects: Effect[]): void {
    if (outcome.type === 'failed') return this.ask(this.asked, effects)
    switch (this.step) {
      case 'sealing':
        if (outcome.type !== 'sealed') return
        this.step = 'cursor'
        return this.ask({ type: 'cursor' }, effects)
      case 'cursor':
        if (outcome.type !== 'cursor') return
        this.from = outcome.materialised
        this.entries.length = 0
        return this.readOn(effects)
      case 'reading':
        if (outcome.type !== 'entries') return
        this.read = outcome.entries
        this.writtenBack = 0
        return this.writeBack(effects)
      case 'writing-back':
        if (outcome.type !== 'written-back') return
        this.writtenBack++
        return this.writeBack(effects)
      case 'second-look':
        if (outcome.type !== 'cursor') return
        // Nothing at this offset: the end, or a segment that was dropped while we read. The cursor tells which.
        if (outcome.materialised > this.nextOffset) {
          this.from = outcome.materialised
          this.entries.length = 0
          return this.readOn(effects)
        }
        return this.decide(effects)
      case 'deciding':
        if (outcome.type !== 'end') return
        return this.decided(outcome.end, effects)
      case 'applying':
        if (outcome.type !== 'applied') return
        this.entries.length = 0
        this.read = []
        this.step = 'saving'
        return this.ask({ type: 'save-cursor', cursor: this.end }, effects)
      case 'saving':
        if (outcome.type === 'cursor-saved') this.step = 'done'
        return
      case 'done':
        return
    }
  }

  private get nextOffset(): Offset {
    return (this.from + this.entries.length) as Offset
  }

  private ask(request: RecoveryRequest, effects: Effect[]): void {
    this.asked = request
    effects.push({ type: 'recover', log: this.log, step: request })
  }

  private readOn(effects: Effect[]): void {
    this.step = 'reading'
    this.ask({ type: 'read', from: this.nextOffset, limit: READ_AT_ONCE }, effects)
  }

  private writeBack(effects: Effect[]): void {
    const entry = this.read[this.writtenBack]
    if (entry !== undefined) {
      this.step = 'writing-back'
      const offset = (this.nextOffset + this.writtenBack) as Offset
      return this.ask({ type: 'write-back', offset, entry }, effects)
    }
    const more = this.read.length === READ_AT_ONCE
    this.entries.push(...this.read)
    this.read = []
    if (more) return this.readOn(effects)
    if (!this.rules.lookAgainAtCursor) return this.decide(effects)
    this.step = 'second-look'
    this.ask({ type: 'cursor' }, effects)
  }

  private decide(effects: Effect[]): void {
    this.step = 'deciding'
    this.ask({ type: 'decide-end', end: this.nextOffset }, effects)
  }

  private decided(end: Offset, effects: Effect[]): void {
    if (end > this.nextOffset) {
      // Another recoverer saw more, and wrote it back: read again, from where the view has got.
      this.step = 'cursor'
      return this.ask({ type: 'cursor' }, effects)
    }
    this.end = end
    this.step = 'applying'
    const changes = changesOf(this.entries.slice(0, Math.max(0, end - this.from)), this.rules)
    this.ask({ type: 'apply', changes }, effects)
  }
}

/** What committed entries mean for the view: the same as they meant to the owner that wrote them. */
export function changesOf(
  entries: readonly Uint8Array[],
  { recoverErasures }: Pick<ShardRules, 'recoverErasures'> = ALL_RULES,
): ReturnType<ChangeSet['build']> {
  const set = new ChangeSet(recoverErasures)
  for (const entry of entries) {
    const reader = new Reader(entry)
    while (!reader.done) addRecord(set, reader)
  }
  return set.build()
}

function addRecord(set: ChangeSet, reader: Reader): void {
  const record = logRecord.read(reader)
  if (record.type === 'follows') return
  const changes = set.of(record.conversation, record.app)
  switch (record.type) {
    case 'created': {
      changes.data = {
        app: record.app,
        type: record.kind,
        created: record.time,
        metadata: record.metadata,
        ttl: record.ttl,
      }
      const admins = new Set(record.admins)
      for (const user of record.members) {
        changes.member({ user, role: admins.has(user) ? 'admin' : 'member', present: true, version: 0 as Seq })
      }
      return
    }
    case 'messages': {
      const inner = new Reader(record.messages)
      let from = 0
      let first = record.first
      let lengths: number[] = []
      let ids: Uint8Array[] = []
      let expires: Millis[] | undefined
      const take = () => {
        if (lengths.length === 0) return
        const bytes = record.messages.subarray(from, inner.at)
        set.from(first, record.conversation, record.app).messages(first, bytes, lengths, ids, expires)
        first = (first + lengths.length) as Seq
        from = inner.at
        lengths = []
        ids = []
        expires = undefined
      }
      while (!inner.done) {
        const start = inner.at
        const message = sealedMessage.read(inner)
        lengths.push(inner.at - start)
        ids.push(message.message_id)
        if (message.expires !== undefined) expires ??= lengths.slice(1).map(() => 0 as Millis)
        expires?.push(message.expires ?? (0 as Millis))
        const payload = storedPayload.read(new Reader(message.payload))
        if (payload.type !== 'membership') continue
        // Behind the message that tells of it, and before what follows: an erasure ends there.
        take()
        feedChange(set, { id: record.conversation, app: record.app }, payload, message.seq)
      }
      return take()
    }
    case 'cursors':
      for (const item of record.items) {
        changes.cursor({ user: item.user, delivered: item.delivered, read: item.read })
        changes.rises.push(...risesOf(item))
      }
  }
}
