import type { AppId, ConversationChange, ConversationId, Millis, Offset, Slot, UserId } from '@chat4all/protocol'
import { type ChangeBuilder, ChangeSet } from './change-set.js'
import { hasElapsed } from './elapsed.js'

export interface MaterialiserLimits {
  readonly materialiseAfterMs: number
  readonly materialiseBytes: number
}

/** Changes that are to be applied to the view in one call; told by its number how that went. */
export interface ViewWrite {
  readonly write: number
  readonly changes: readonly ConversationChange[]
}

interface UnderWay extends ViewWrite {
  readonly conversations: ReadonlySet<ConversationId>
  readonly slots: ReadonlySet<Slot>
  /** Number of the oldest set that it is from. */
  readonly oldest: number
  /** Slots of which the view has everything below `upTo` when it is applied. */
  readonly completes: readonly Slot[]
  readonly upTo: Offset
}

/** What was gathered for a while, on its way to the view. */
interface Applying {
  readonly set: ChangeSet
  readonly number: number
  /** First offset whose entry is not in it, nor in any before. */
  readonly upTo: Offset
  readonly sliceMax: number
}

/** Between slices; shorter where a set gathers for less than twice as long. */
const SLICE_MS = 50

/**
 * When the gathered changes go to the view: set by set, after a while or when there is much. A set goes in slices, spread
 * over half the time that the next one gathers: written at once, it would make everything behind it wait. Only what
 * somebody waits for, a slot that leaves, goes ahead. Two writes at a time, then, and never two of one conversation: who
 * sees its head finds its messages.
 */
export class Materialiser {
  private readonly limits: MaterialiserLimits
  private gathering = new ChangeSet()
  private gatheringNumber = 1
  private gatheringSince = 0 as Millis
  private applying: Applying | undefined
  private slicedAt = 0 as Millis
  private slice: UnderWay | undefined
  private ahead: UnderWay | undefined
  private nextWrite = 1
  /** First offset whose entry is not gathered. */
  private gatheredUpTo = 0 as Offset
  /** Slots whose entries below an offset the view has, though it lacks others. */
  private readonly written = new Map<Slot, Offset>()
  /** First offset whose entry the view does not have. */
  materialised = 0 as Offset

  constructor(limits: MaterialiserLimits) {
    this.limits = limits
  }

  /** Committed bytes that the view does not have. */
  get lagBytes(): number {
    return this.gathering.bytes + (this.applying?.set.bytes ?? 0)
  }

  /** Conversations that the user joined and the view may not list yet. */
  recentlyJoined(app: AppId, user: UserId): ConversationId[] {
    return [...this.gathering.joinedBy(app, user), ...(this.applying?.set.joinedBy(app, user) ?? [])]
  }

  /** Where the changes of the entry at `offset` go. */
  gather(offset: Offset, bytes: number, now: Millis): ChangeSet {
    if (this.gathering.empty) this.gatheringSince = now
    this.gathering.bytes += bytes
    this.gatheredUpTo = (offset + 1) as Offset
    return this.gathering
  }

  /** The next write of the view, when it is time. `force`: as much as possible as soon as possible. */
  next(now: Millis, force = false): ViewWrite | undefined {
    this.settle()
    this.begin(now, force)
    const { applying } = this
    if (applying === undefined || this.slice !== undefined) return undefined
    const hurried = force || this.gathering.bytes >= this.limits.materialiseBytes
    if (!hurried && !hasElapsed(this.sliceMs, this.slicedAt, now)) return undefined
    const max = hurried ? Number.POSITIVE_INFINITY : applying.sliceMax
    const builders = applying.set.take(max, (conversation) => this.ahead?.conversations.has(conversation) !== true)
    if (builders.length === 0) return undefined
    this.slicedAt = now
    this.slice = this.write(builders, applying.number, [])
    return this.slice
  }

  /** All that the view lacks of these slots, ahead of everything else. */
  nextOf(slots: ReadonlySet<Slot>): ViewWrite | undefined {
    if (this.ahead !== undefined || slots.size === 0) return undefined
    const { applying, slice } = this
    const wanted = (conversation: ConversationId, slot: Slot) =>
      slots.has(slot) && slice?.conversations.has(conversation) !== true
    const older = applying?.set.take(Number.POSITIVE_INFINITY, wanted) ?? []
    const builders = [...older, ...this.gathering.take(Number.POSITIVE_INFINITY, wanted)]
    if (builders.length === 0) return undefined
    // What is on its way in a slice is not in this write.
    const completes = [...slots].filter((slot) => slice?.slots.has(slot) !== true)
    this.ahead = this.write(builders, older.length > 0 ? applying!.number : this.gatheringNumber, completes)
    return this.ahead
  }

  /** Whether the view has everything of the slot below `offset`. */
  has(slot: Slot, offset: Offset): boolean {
    if (this.materialised >= offset || (this.written.get(slot) ?? 0) >= offset) return true
    if (this.gatheredUpTo < offset) return false
    const holders = [this.gathering, this.applying?.set]
    if (holders.some((set) => set?.hasSlot(slot))) return false
    return ![this.slice, this.ahead].some((write) => write?.slots.has(slot))
  }

  /** The write under way, to be made again after a failure. */
  again(write: number): ViewWrite | undefined {
    return this.underWay(write)
  }

  applied(write: number): readonly ConversationChange[] {
    const done = this.underWay(write)
    if (done === undefined) return []
    if (done === this.slice) this.slice = undefined
    else this.ahead = undefined
    for (const slot of done.completes) this.written.set(slot, done.upTo)
    this.settle()
    return done.changes
  }

  private underWay(write: number): UnderWay | undefined {
    return [this.slice, this.ahead].find((one) => one?.write === write)
  }

  private get sliceMs(): number {
    return Math.min(SLICE_MS, this.limits.materialiseAfterMs / 2)
  }

  private begin(now: Millis, force: boolean): void {
    const { gathering, limits } = this
    if (this.applying !== undefined || gathering.empty) return
    const due =
      force ||
      hasElapsed(limits.materialiseAfterMs, this.gatheringSince, now) ||
      gathering.bytes >= limits.materialiseBytes
    if (!due) return
    const slices = Math.max(1, Math.floor(limits.materialiseAfterMs / 2 / this.sliceMs))
    this.applying = {
      set: gathering,
      number: this.gatheringNumber++,
      upTo: this.gatheredUpTo,
      sliceMax: Math.ceil(gathering.size / slices),
    }
    this.gathering = new ChangeSet()
  }

  /** Sees what the view has by now. */
  private settle(): void {
    const { applying } = this
    const underWay = [this.slice, this.ahead].filter((write) => write !== undefined)
    if (applying?.set.empty === true && underWay.every(({ oldest }) => oldest > applying.number)) {
      this.materialised = applying.upTo
      this.applying = undefined
    }
    if (this.applying === undefined && this.gathering.empty && underWay.length === 0) {
      // What says nothing to the view is in it.
      this.gathering = new ChangeSet()
      this.materialised = this.gatheredUpTo
    }
    for (const [slot, upTo] of this.written) if (upTo <= this.materialised) this.written.delete(slot)
  }

  private write(builders: readonly ChangeBuilder[], oldest: number, completes: readonly Slot[]): UnderWay {
    return {
      write: this.nextWrite++,
      changes: builders.map((builder) => builder.build()),
      conversations: new Set(builders.map(({ conversation }) => conversation)),
      slots: new Set(builders.map(({ slot }) => slot)),
      oldest,
      completes,
      upTo: this.gatheredUpTo,
    }
  }
}
