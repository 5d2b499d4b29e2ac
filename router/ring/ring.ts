import { type NodeId, SLOTS } from '@chat4all/protocol'
import HashRing from 'hashring'
import type { Member } from '../members/port.js'

/**
 * The ring: which node should own each slot. A pure function of the members, so that every process that sees the same
 * members comes to the same answer without asking anyone. Where a slot really is, the SlotTable says.
 */

/** Virtual nodes per unit of weight. Part of the placement: changing it moves slots. */
const VNODES_PER_WEIGHT = 100

/**
 * The node that should own each slot (index = slot), by consistent hashing: a member that comes takes slots only to
 * itself, one that goes gives away only its own. Undefined everywhere when no member has weight.
 * The order of `members` does not matter; a node listed twice counts with its higher weight.
 */
export function desiredOwners(members: readonly Member[]): (NodeId | undefined)[] {
  const weights = new Map<NodeId, number>()
  for (const { node, weight } of members) {
    if (weight > 0) weights.set(node, Math.max(weight, weights.get(node) ?? 0))
  }
  // Sorted, because hashring keeps the order of insertion among equal points.
  const nodes = [...weights.keys()].sort()
  const servers = Object.fromEntries(
    nodes.map((node) => [node, { vnodes: Math.max(1, Math.round(VNODES_PER_WEIGHT * weights.get(node)!)) }]),
  )
  // Explicit vnodes count as such only where they differ from 'vnode count'; otherwise hashring derives the number of
  // points from the share of the total in floating point, and a new member moves slots between old ones.
  const ring = new HashRing(servers, 'md5', { 'vnode count': 0 })
  return Array.from({ length: SLOTS }, (_, slot) => ring.get(`slot-${slot}`) as NodeId | undefined)
}
