import type { NodeId } from '@chat4all/protocol'
import type { Member } from './port.js'

/**
 * What to believe of what Consul says about who is alive. A member that is believed dead has its log sealed, which is
 * safe and costs everybody who talks through it some seconds: so nobody is believed dead
 *
 * - while, and shortly after, Consul could not be heard: what expired meanwhile expired for want of Consul;
 * - because it says that it cannot commit, when nobody else can either: then the store is away, not the member.
 *
 * Without I/O and clock, so that each of this can be tested.
 */

/** After Consul was away, a member that vanished counts as dead only when it is still missing so much later. */
export const DOUBT_MS = 5_000
/** A member that says itself that it cannot commit loses its slots after so long, if another can. */
export const FAULT_MS = 3_000

/** `faulty`: it lives, and says that it cannot commit. */
export type SeenMember = Member & { readonly state: 'passing' | 'faulty' | 'expired' }

export interface Belief {
  readonly members: readonly Member[]
  /** Something changes by itself then: look again. Milliseconds on the same clock as `now`. */
  readonly again: number | undefined
}

export class BelievedMembers {
  private believed = new Map<NodeId, Member>()
  private readonly faultySince = new Map<NodeId, number>()
  private doubtUntil = Number.NEGATIVE_INFINITY

  /** Consul was not heard until now. */
  doubt(now: number): void {
    this.doubtUntil = now + DOUBT_MS
  }

  update(seen: readonly SeenMember[], now: number): Belief {
    const next = new Map<NodeId, Member>()
    let again: number | undefined
    const lookAgain = (at: number): void => {
      again = Math.min(again ?? at, at)
    }
    const states = new Map(seen.map((member) => [member.node, member]))
    const anyPassing = seen.some(({ state }) => state === 'passing')
    for (const { node, address, weight, state } of seen) {
      if (state === 'passing') next.set(node, { node, address, weight })
      if (state !== 'faulty' || !anyPassing) this.faultySince.delete(node)
    }
    const before = new Map(this.believed)
    for (const { node, address, weight, state } of seen) {
      // Met as faulty: it has its time too, or who comes while all cannot commit would take all for dead.
      if (state === 'faulty' && !before.has(node) && !this.faultySince.has(node))
        before.set(node, { node, address, weight })
    }
    for (const [node, member] of before) {
      if (next.has(node)) continue
      const found = states.get(node)
      const keep = found === undefined ? member : { node, address: found.address, weight: found.weight }
      if (now < this.doubtUntil) {
        next.set(node, keep)
        lookAgain(this.doubtUntil)
      } else if (found?.state === 'faulty') {
        if (!anyPassing) {
          next.set(node, keep)
          continue
        }
        const since = this.faultySince.get(node) ?? now
        this.faultySince.set(node, since)
        if (now >= since + FAULT_MS) continue
        next.set(node, keep)
        lookAgain(since + FAULT_MS)
      }
    }
    this.believed = next
    return { members: [...next.values()].sort((a, b) => (a.node < b.node ? -1 : 1)), again }
  }
}
