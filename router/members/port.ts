import type { NodeId, Slot } from '@chat4all/protocol'

/** Who is probably alive, and where slots probably are: hints, never the truth (that is the SlotTable). */
export interface Members {
  /** Announces this shard-node and keeps it announced until `leave`. */
  join(self: Member): Promise<void>
  leave(node: NodeId): Promise<void>
  /** Members that look healthy, now and at each change. Returns the function that stops watching. */
  watch(onChange: (members: readonly Member[]) => void): () => void
  /** A node says that it owns these slots now. */
  hint(node: NodeId, slots: readonly Slot[]): void
  /** Owners last heard of, for an edge's first guess. */
  watchHints(onChange: (owners: ReadonlyMap<Slot, NodeId>) => void): () => void
  close(): Promise<void>
}

export interface Member {
  readonly node: NodeId
  /** Where edges dial it: `host:port`, or a name that only the in-process links know. */
  readonly address: string
  /** Share of the slots relative to others; 1 unless configured. 0: drains. */
  readonly weight: number
}
