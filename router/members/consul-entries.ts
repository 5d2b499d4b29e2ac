import type { NodeId, Slot } from '@chat4all/protocol'
import type { SeenMember } from './believed-members.js'
import { slotsOf } from './slot-ranges.js'

/** What stands in Consul, and how it reads. Operators' tools read the same (`chat4all cluster status`). */

export interface ClusterKeys {
  /** Names of services by role. */
  readonly services: { readonly [Role in ClusterRole]: string }
  /** `<cluster>/slots/<node>`: the slots that a node says it serves. */
  readonly slots: string
  /** `<cluster>/weights/<node>`: what an operator set; 0 drains. */
  readonly weights: string
  /** How the note of a check begins when the process itself says that it cannot do its work. */
  readonly faultNotes: { readonly [Role in ClusterRole]: string }
}

export type ClusterRole = 'shard-node' | 'edge' | 'webhook'

export function clusterKeys(cluster: string): ClusterKeys {
  return {
    services: { 'shard-node': `${cluster}-shard-node`, edge: `${cluster}-edge`, webhook: `${cluster}-webhook` },
    slots: `${cluster}/slots/`,
    weights: `${cluster}/weights/`,
    faultNotes: { 'shard-node': 'cannot commit: ', edge: 'cannot serve: ', webhook: 'cannot deliver: ' },
  }
}

export interface ServiceEntry {
  readonly Service: {
    readonly ID: string
    readonly Address: string
    readonly Port: number
    readonly Meta: Readonly<Record<string, string>> | null
  }
  readonly Checks: readonly { readonly Status: string; readonly Output: string }[]
}

export function memberSeen(entry: ServiceEntry, weights: ReadonlyMap<string, number>, faultNote: string): SeenMember {
  const { Address, Port, Meta } = entry.Service
  const node = nodeOf(entry)
  const host = Address.includes(':') ? `[${Address}]` : Address
  return {
    node,
    address: `${host}:${Port}`,
    weight: weightOf(Meta, weights.get(node)),
    state: stateOf(entry.Checks, faultNote),
  }
}

/** Ids of services are unique per agent, also when two clusters share it: so they begin with the service. */
export function nodeOf({ Service: { ID, Meta } }: ServiceEntry): NodeId {
  return (Meta?.node ?? ID.slice(ID.indexOf('.') + 1)) as NodeId
}

/** A node that drains itself does so whatever weight an operator gave it. */
function weightOf(meta: Readonly<Record<string, string>> | null, override: number | undefined): number {
  if (meta?.draining === 'true') return 0
  const own = Number(meta?.weight ?? 1)
  return override ?? (Number.isFinite(own) && own >= 0 ? own : 1)
}

function stateOf(checks: ServiceEntry['Checks'], faultNote: string): SeenMember['state'] {
  const critical = checks.filter(({ Status }) => Status === 'critical')
  if (critical.length === 0) return 'passing'
  return critical.every(({ Output }) => Output.startsWith(faultNote)) ? 'faulty' : 'expired'
}

export interface KeyValue {
  readonly Key: string
  readonly Value: string | null
  readonly ModifyIndex: number
}

/** What cannot be read as a weight is none: a slip in Consul's UI must not empty a node. */
export function weightsOf(found: readonly KeyValue[], prefix: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>()
  for (const { Key, Value } of found) {
    if (Value === null || !/^\s*\d{1,4}(\.\d{1,3})?\s*$/.test(Value)) continue
    weights.set(Key.slice(prefix.length), Number(Value))
  }
  return weights
}

/**
 * Owners by slot, of what the living say. Of two that name one slot, the one that said so last: it was handed over. What
 * a dead node said stays in Consul until it is back.
 */
export function ownersOf(found: readonly KeyValue[], alive: ReadonlySet<NodeId>): ReadonlyMap<Slot, NodeId> {
  const owners = new Map<Slot, NodeId>()
  for (const { Value } of [...found].sort((a, b) => a.ModifyIndex - b.ModifyIndex)) {
    if (Value === null) continue
    try {
      const { node, slots } = JSON.parse(Value) as { node: NodeId; slots: string }
      if (alive.has(node)) for (const of of slotsOf(slots)) owners.set(of, node)
    } catch {
      // A hint that somebody edited: edges learn the owner from the first bounce instead.
    }
  }
  return owners
}
