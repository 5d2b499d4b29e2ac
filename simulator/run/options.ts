import { ALL_RULES as ALL_EDGE_RULES, type EdgeConfig, type EdgeRules } from '@chat4all/edge/core'
import {
  ALL_PUBLICATION_RULES,
  ALL_RULES as ALL_SHARD_RULES,
  type PublicationConfig,
  type PublicationRules,
  type ShardConfig,
  type ShardRules,
} from '@chat4all/shard-node/core'
import { ALL_CLIENT_RULES, type ClientRules } from '../cluster/client-rules.js'
import { ALL_STORE_RULES, type StoreRules } from '../store/rules.js'
import { Random } from '../world/random.js'

/**
 * Faults by name. Those of the store and of clocks are probabilities per request; the others are probabilities that
 * the fault befalls one of its victims within a second of virtual time.
 */
export const FAULTS = {
  'lost-request': 'a request to a replica never arrives',
  'late-request': 'a request arrives at a replica seconds later, whoever sent it',
  'lost-answer': 'something happened at a replica and its answer is lost',
  'unknown-compare-and-set': 'a compare-and-set whose outcome is not told: made, made later, or never made',
  'slow-recovery': 'a recoverer waits for up to seconds between two steps',
  'slow-store': 'requests to replicas take up to a hundred times longer',
  'replica-down': 'a replica answers nothing and takes nothing for a while',
  'node-crash': 'a shard-node dies and is started again later',
  'node-pause': 'a shard-node is stopped and goes on later, up to long after others took its slots',
  'node-suspected': 'a live shard-node is taken for dead',
  'edge-crash': 'an edge dies and is started again later',
  'edge-pause': 'an edge is stopped and goes on later',
  'link-cut': 'an edge and a shard-node lose their links and cannot make new ones for a while',
  'link-stall': 'what one side of a link sends is held for a while',
  'link-slow': 'a link takes much longer',
  'client-cut': 'a client loses its connection',
  'clock-jump': 'a shard-node’s clock steps by up to an hour, in either direction',
  'weight-change': 'a shard-node’s share of the slots changes, often to nothing: slots are handed to and fro',
  'peer-cut': 'two shard-nodes lose the link between them and cannot make a new one for a while',
  'peer-stall': 'what one shard-node says to another is held for a while',
  'stream-away': 'the event stream takes nothing for a while',
  'late-batch': 'a batch arrives in the event stream after its publisher gave it up, or is not confirmed',
} as const

export type FaultName = keyof typeof FAULTS
export const FAULT_NAMES = Object.keys(FAULTS) as FaultName[]

export interface RunOptions {
  readonly seed: number
  readonly nodes: number
  readonly edges: number
  readonly clients: number
  readonly conversations: number
  readonly operations: number
  /** Of what was said in conversations, beside the operations. */
  readonly erasures: number
  /** Virtual milliseconds over which operations and faults are spread. */
  readonly spreadMs: number
  readonly faults: Readonly<Record<FaultName, number>>
  readonly rules: Rules
  /** Bounds of the shard-nodes: small ones, so that little traffic reaches them. */
  readonly shardNode: Partial<ShardConfig>
  readonly edge: Partial<EdgeConfig>
  readonly publication: Partial<PublicationConfig>
}

export interface Rules {
  readonly shardNode: ShardRules
  readonly publication: PublicationRules
  readonly edge: EdgeRules
  readonly client: ClientRules
  readonly store: StoreRules
}

export const ALL_RULES: Rules = {
  shardNode: ALL_SHARD_RULES,
  publication: ALL_PUBLICATION_RULES,
  edge: ALL_EDGE_RULES,
  client: ALL_CLIENT_RULES,
  store: ALL_STORE_RULES,
}

/** Turns one rule off, wherever it lives. @throws when there is none of that name. */
export function withoutRule(rules: Rules, name: string): Rules {
  for (const owner of Object.keys(rules) as (keyof Rules)[]) {
    if (name in rules[owner]) return { ...rules, [owner]: { ...rules[owner], [name]: false } }
  }
  const names = Object.values(rules).flatMap((some) => Object.keys(some))
  throw new Error(`no rule is called '${name}'; there are: ${names.join(', ')}`)
}

/** How likely each fault is when it is on at all. */
const USUAL: Readonly<Record<FaultName, number>> = {
  'lost-request': 0.02,
  'late-request': 0.04,
  'lost-answer': 0.02,
  'unknown-compare-and-set': 0.1,
  'slow-recovery': 0.05,
  'slow-store': 0.15,
  'replica-down': 0.15,
  'node-crash': 0.15,
  'node-pause': 0.2,
  'node-suspected': 0.15,
  'edge-crash': 0.06,
  'edge-pause': 0.06,
  'link-cut': 0.2,
  'link-stall': 0.15,
  'link-slow': 0.15,
  'client-cut': 0.5,
  'clock-jump': 0.15,
  'weight-change': 0.15,
  'peer-cut': 0.1,
  'peer-stall': 0.1,
  'stream-away': 0.15,
  'late-batch': 0.1,
}

/**
 * The options of a seed. Each run has faults of its own choice, a few of them often: rare combinations come up sooner
 * than if all happened everywhere all the time.
 */
export function optionsOf(
  seed: number,
  given: Partial<Omit<RunOptions, 'seed' | 'faults'>> & { readonly faults?: Partial<Record<FaultName, number>> } = {},
): RunOptions {
  const random = new Random(seed).fork('options')
  const faults = { ...USUAL }
  for (const name of FAULT_NAMES) faults[name] = random.chance(0.5) ? USUAL[name] * random.between(0.5, 2) : 0
  const operations = given.operations ?? 300
  return {
    nodes: random.pick([2, 3, 3, 3]),
    edges: random.pick([1, 2, 2, 3]),
    clients: 3 + random.below(4),
    conversations: 1 + random.below(4),
    erasures: new Random(seed).fork('erasures').pick([0, 0, 1, 4]),
    spreadMs: operations * 50,
    rules: ALL_RULES,
    shardNode: {
      entryMessagesMax: random.pick([2, 8, 500]),
      entriesInFlightEager: random.pick([1, 2, 4]),
      // By the seed itself: what is picked behind it stays the same for seeds that are written down.
      gatherMs: seed % 3 === 0 ? 60 : 0,
      materialiseAfterMs: random.pick([50, 200, 1_000]),
      cursorSaveMs: random.pick([100, 500, 2_000]),
      windowMessages: random.pick([16, 32, 128]),
      conversationsIdleMs: random.pick([500, 2_000, 20_000]),
      firstFreshMs: random.pick([0, 1_000]),
    },
    edge: {
      rangeKeptMs: random.pick([50, 3_000]),
      recentCountMax: random.pick([1, 8, 64]),
      portionBytesMax: random.pick([300, 64 * 1024]),
      sessionPagesMax: random.pick([1, 4]),
      reconcileMs: random.pick([5_000, 30_000]),
    },
    publication: {
      batchRecordsMax: random.pick([1, 4, 2_000]),
      readEntriesMax: random.pick([1, 8, 512]),
      saveMs: random.pick([50, 250, 2_000]),
      patienceMs: random.pick([1_000, 10_000]),
    },
    ...given,
    seed,
    operations,
    faults: { ...faults, ...given.faults },
  }
}
