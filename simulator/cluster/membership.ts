import type { NodeId, Slot } from '@chat4all/protocol'
import { desiredOwners, type Member } from '@chat4all/router'
import type { Process } from '../world/process.js'
import type { Random } from '../world/random.js'
import type { World } from '../world/world.js'

type Desired = readonly (NodeId | undefined)[]

/**
 * Who is thought to be alive, as heartbeats and their time-outs would tell: late, to each watcher at another moment,
 * and now and then wrong. Which share of the slots each should have. And hints of where slots are.
 */
export class Membership {
  private readonly world: World
  private readonly random: Random
  private readonly healthy = new Set<NodeId>()
  private readonly watchers: { readonly process: Process; readonly onChange: (healthy: readonly NodeId[]) => void }[] =
    []
  private readonly weights = new Map<NodeId, number>()
  private readonly hints = new Map<Slot, NodeId>()

  constructor(world: World) {
    this.world = world
    this.random = world.random.fork('membership')
  }

  /** What heartbeats say from now on; watchers hear of it a little later. */
  tell(node: NodeId, isHealthy: boolean): void {
    if (this.healthy.has(node) === isHealthy) return
    if (isHealthy) this.healthy.add(node)
    else this.healthy.delete(node)
    this.tellWatchers()
  }

  /** The node's share from now on; 0: it drains. */
  weigh(node: NodeId, weight: number): void {
    if (this.weightOf(node) === weight) return
    this.weights.set(node, weight)
    this.tellWatchers()
  }

  weightOf(node: NodeId): number {
    return this.weights.get(node) ?? 1
  }

  private tellWatchers(): void {
    for (const watcher of this.watchers) {
      this.world.after(this.random.skewed(1, 800), () => {
        if (watcher.process.isUp) watcher.process.deliver(() => watcher.onChange(this.members()))
      })
    }
  }

  members(): NodeId[] {
    return [...this.healthy].sort()
  }

  watch(process: Process, onChange: (healthy: readonly NodeId[]) => void): void {
    this.watchers.push({ process, onChange })
  }

  /** The ring, computed once for each set of members. */
  desired(healthy: readonly NodeId[]): Desired {
    const key = healthy.map((node) => `${node}*${this.weightOf(node)}`).join(' ')
    let ring = RINGS.get(key)
    if (ring === undefined) {
      ring = desiredOwners(healthy.map((node): Member => ({ node, address: node, weight: this.weightOf(node) })))
      RINGS.set(key, ring)
    }
    return ring
  }

  hint(node: NodeId, slots: readonly Slot[]): void {
    for (const slot of slots) this.hints.set(slot, node)
  }

  owners(): ReadonlyMap<Slot, NodeId> {
    return this.hints
  }
}

/** A pure function's values, kept across runs. */
const RINGS = new Map<string, Desired>()
