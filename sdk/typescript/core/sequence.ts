import type { Seq, Message as WireMessage } from '@chat4all/protocol'

/** Consecutive messages: all that exist in (after, upto]. */
export interface Run {
  readonly after: Seq
  readonly upto: Seq
  readonly messages: readonly WireMessage[]
}

const HELD_MESSAGES_MAX = 1000

/**
 * How far one conversation has been told to the application, and what came too early. Prevents gaps, doubles and
 * wrong order whatever the server, its failovers and the network do: the cursor only moves over runs that begin at or
 * before it.
 */
export class Sequence {
  /** Everything up to here was told, or had expired. */
  cursor: Seq
  /** Nothing was told yet and the start is a guess: a run that begins lower moves it down. */
  provisional: boolean
  /** Highest seq known to exist. */
  head: Seq
  /** Runs beyond a gap, oldest first. */
  private held: Run[] = []
  private heldMessages = 0

  constructor(cursor: Seq, provisional: boolean) {
    this.cursor = cursor
    this.provisional = provisional
    this.head = cursor
  }

  get isBehind(): boolean {
    return this.cursor < this.head
  }

  /** Where the next held run begins: what is missing ends there. */
  get missingUpto(): Seq {
    return this.held[0]?.after ?? this.head
  }

  rise(head: Seq): void {
    if (head > this.head) this.head = head
  }

  /** Takes in a run; `tell` gets each new message, in order. True: there is a gap before it. */
  take(run: Run, tell: (message: WireMessage) => void): boolean {
    this.rise(run.upto)
    if (this.provisional && run.after < this.cursor) this.cursor = run.after
    if (run.after > this.cursor) {
      this.hold(run)
      return true
    }
    if (run.upto > this.cursor) this.tell(run, tell)
    while (this.held.length > 0 && this.held[0]!.after <= this.cursor) {
      const next = this.held.shift()!
      this.heldMessages -= next.messages.length
      if (next.upto > this.cursor) this.tell(next, tell)
    }
    return false
  }

  private tell(run: Run, tell: (message: WireMessage) => void): void {
    this.provisional = false
    // The cursor moves first, so that a listener that asks sees what it was just told as told.
    const { cursor } = this
    this.cursor = run.upto
    for (const message of run.messages) {
      if (message.seq > cursor && message.seq <= run.upto) tell(message)
    }
  }

  private hold(run: Run): void {
    // What does not fit is asked for again: `head` remembers that it exists.
    if (this.heldMessages + run.messages.length > HELD_MESSAGES_MAX) return
    const last = this.held.at(-1)
    if (last !== undefined && run.after < last.upto) return
    this.held.push(run)
    this.heldMessages += run.messages.length
  }

  /** What lies at or below `upto` cannot be had any more. */
  skipTo(upto: Seq): void {
    this.cursor = upto
    this.provisional = false
    this.rise(upto)
  }

  /** The server's history is not the one that we knew (it was restored, or wiped): what we hold means nothing now. */
  restartAt(head: Seq): void {
    this.cursor = head
    this.head = head
    this.held = []
    this.heldMessages = 0
  }

  /** What it sent early comes again in the next one, from the cursor that `hello` tells. */
  sessionEnded(): void {
    this.provisional = false
    this.held = []
    this.heldMessages = 0
  }
}
