import { type Epoch, type NodeId, SLOTS, type Slot } from '@chat4all/protocol'

/**
 * Where slots probably are: what a bounce told, else what was hinted, else what the ring desires. All of it is
 * guesswork that costs a bounce when wrong; only a lower epoch than one already heard is known to be older.
 */
export class Routes {
  private readonly desired: (NodeId | undefined)[] = new Array(SLOTS).fill(undefined)
  private readonly hinted: (NodeId | undefined)[] = new Array(SLOTS).fill(undefined)
  private readonly told: (NodeId | undefined)[] = new Array(SLOTS).fill(undefined)
  private readonly epochs: number[] = new Array(SLOTS).fill(0)

  /** The owners that the ring desires, by slot. */
  desire(owners: readonly (NodeId | undefined)[]): void {
    for (let slot = 0; slot < SLOTS; slot++) this.desired[slot] = owners[slot]
  }

  /** The owners last heard of, by slot. One that changed is newer than what was told before. Returns the slots of these. */
  hint(owners: ReadonlyMap<Slot, NodeId>): readonly Slot[] {
    const changed: Slot[] = []
    for (let slot = 0; slot < SLOTS; slot++) {
      const owner = owners.get(slot as Slot)
      if (owner === this.hinted[slot]) continue
      changed.push(slot as Slot)
      this.hinted[slot] = owner
      if (owner !== undefined) this.told[slot] = owner
    }
    return changed
  }

  /** `by` is not the owner; it may know who is. */
  correct(slot: Slot, by: NodeId, owner: NodeId | undefined, epoch: Epoch | undefined): void {
    if (owner !== undefined && epoch !== undefined) {
      if (epoch < this.epochs[slot]!) return
      this.epochs[slot] = epoch
      this.told[slot] = owner
    } else if (this.told[slot] === by) this.told[slot] = undefined
  }

  /**
   * The node to try. The first `tries` go to the best guess, later ones ask around, because any node can tell who owns
   * a slot.
   */
  target(slot: Slot, tries: number, linked: readonly NodeId[]): NodeId | undefined {
    const best = this.told[slot] ?? this.hinted[slot] ?? this.desired[slot]
    if (linked.length === 0) return best
    if (tries < 2 && best !== undefined) return best
    if (tries % 3 === 2 && this.desired[slot] !== undefined) return this.desired[slot]
    if (tries % 3 === 0 && best !== undefined) return best
    return linked[(slot + Math.floor(tries / 3)) % linked.length]
  }
}
