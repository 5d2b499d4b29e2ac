import { DISTURBANCES, type Disturbance } from '../cluster/network.js'

/** Every kind of fault there is, by name: what it strikes, and how. */

export type Victim = 'node' | 'edge' | 'cassandra' | 'consul' | 'redis' | 'kafka'

export type FaultKind =
  /** SIGKILL, and started again when the fault ends. */
  | { readonly type: 'kill'; readonly victim: Victim }
  /** SIGKILL to all processes of it at once, whatever was acknowledged a moment before. */
  | { readonly type: 'kill-all'; readonly victim: 'cassandra' }
  /** SIGSTOP, and SIGCONT when the fault ends. */
  | { readonly type: 'pause'; readonly victim: Victim }
  /** SIGTERM: it drains, ends by itself, and is started again. */
  | { readonly type: 'restart'; readonly victim: 'node' | 'edge' }
  /** All shard-nodes, one after the other. */
  | { readonly type: 'restart-in-turn' }
  | {
      readonly type: 'disturb'
      readonly from: 'node' | 'edge' | 'clients'
      readonly to: Victim
      readonly how: Disturbance
    }
  /** Everything that one shard-node dials, and every way to it, is cut. */
  | { readonly type: 'isolate' }

const WAYS = [
  ['node', 'cassandra'],
  ['node', 'consul'],
  ['node', 'redis'],
  ['node', 'kafka'],
  ['node', 'node'],
  ['edge', 'node'],
  ['edge', 'cassandra'],
  ['edge', 'consul'],
  ['edge', 'redis'],
  ['clients', 'edge'],
] as const

const ENGINES = ['cassandra', 'consul', 'redis', 'kafka'] as const

function catalogue(): Map<string, FaultKind> {
  const kinds = new Map<string, FaultKind>()
  for (const victim of ['node', 'edge'] as const) {
    for (const type of ['kill', 'pause', 'restart'] as const) kinds.set(`${victim}-${type}`, { type, victim })
  }
  kinds.set('nodes-restart-in-turn', { type: 'restart-in-turn' })
  kinds.set('node-isolate', { type: 'isolate' })
  for (const victim of ENGINES) {
    for (const type of ['kill', 'pause'] as const) kinds.set(`${victim}-${type}`, { type, victim })
  }
  kinds.set('cassandra-kill-all', { type: 'kill-all', victim: 'cassandra' })
  for (const [from, to] of WAYS) {
    for (const how of DISTURBANCES) kinds.set(`${from}-${to}-${how}`, { type: 'disturb', from, to, how })
  }
  return kinds
}

export const FAULTS: ReadonlyMap<string, FaultKind> = catalogue()

/** What a cluster has, and with it which faults can be done to it. */
export interface Possible {
  readonly engines: boolean
  readonly kafka: boolean
  readonly network: boolean
  /** Whether the engines are this run's alone, and may be killed. */
  readonly strikeEngines: boolean
  /** Whether Cassandra is several processes, so that one of them is not all of them. */
  readonly severalCassandras: boolean
}

const isEngine = (victim: string): boolean => (ENGINES as readonly string[]).includes(victim)

export function isPossible(kind: FaultKind, possible: Possible): boolean {
  const { engines, kafka, network, strikeEngines, severalCassandras } = possible
  switch (kind.type) {
    case 'kill-all':
      return engines && strikeEngines && severalCassandras
    case 'kill':
    case 'pause':
      return !isEngine(kind.victim) || (engines && strikeEngines && (kind.victim !== 'kafka' || kafka))
    case 'restart':
    case 'restart-in-turn':
      return true
    case 'isolate':
      return network
    case 'disturb':
      if (kind.to === 'node' && kind.from === 'node' && !engines) return false
      return network && (!isEngine(kind.to) || (engines && (kind.to !== 'kafka' || kafka)))
  }
}

/**
 * Names as given on the command line: whole names, or their beginnings (`node` for all that begins with `node-`).
 * @throws Error for one that means nothing.
 */
export function faultsNamed(given: readonly string[], possible: Possible): string[] {
  const names = [...FAULTS.keys()].filter((name) => isPossible(FAULTS.get(name)!, possible))
  if (given.length === 0) return names
  const chosen = new Set<string>()
  for (const part of given) {
    const meant = names.filter((name) => name === part || name.startsWith(`${part}-`))
    if (meant.length === 0) {
      const why = FAULTS.has(part) ? 'is not possible with this cluster' : 'is no fault'
      throw new Error(`${part} ${why}; there are ${names.join(', ')}`)
    }
    for (const name of meant) chosen.add(name)
  }
  return [...chosen]
}
