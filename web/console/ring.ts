/** What `/ring` answers (server/ring/ring-view.ts). */
export interface Ring {
  readonly at: number
  readonly nodes: readonly RingNode[]
  readonly owners: readonly number[]
  readonly desired: readonly number[]
  readonly epochs: readonly number[]
}

export interface RingNode {
  readonly node: string
  readonly alive: boolean
  readonly address?: string
  readonly weight: number
  readonly slots: number
  readonly wanted: number
  readonly logs: readonly {
    readonly log: string
    readonly slots: number
    readonly materialised: number
    readonly published: number
  }[]
}

/** Slots that went from one node to another between two looks. */
export interface Move {
  readonly at: number
  readonly from: string
  readonly to: string
  readonly slots: number
}

const NOBODY = 'nobody'

/** What moved between two looks, one entry for each pair of nodes, the largest first. */
export function movesBetween(before: Ring, after: Ring): Move[] {
  const counts = new Map<string, Move>()
  for (const [slot, owner] of after.owners.entries()) {
    const from = before.nodes[before.owners[slot] ?? -1]?.node ?? NOBODY
    const to = after.nodes[owner]?.node ?? NOBODY
    if (from === to) continue
    const key = JSON.stringify([from, to])
    counts.set(key, { at: after.at, from, to, slots: (counts.get(key)?.slots ?? 0) + 1 })
  }
  return [...counts.values()].sort((a, b) => b.slots - a.slots)
}

/** In one sentence: whether everything is where it should be. */
export function stateOf({ nodes, owners, desired }: Ring): { readonly text: string; readonly good: boolean } {
  const orphans = owners.filter((owner) => owner === -1 || nodes[owner]?.alive !== true).length
  const astray = owners.filter((owner, slot) => owner !== -1 && desired[slot] !== owner && nodes[owner]!.alive).length
  if (orphans > 0) return { text: `${orphans} slots have no living owner`, good: false }
  if (astray > 0) return { text: `${astray} slots are on their way to another node`, good: true }
  return { text: 'every slot is where the ring wants it', good: true }
}

/** Colours that stay apart, in the order of the nodes' names. */
export function colourOf(index: number): string {
  return index === -1 ? '#888' : `hsl(${Math.round((index * 137.5 + 160) % 360)} 62% 48%)`
}
