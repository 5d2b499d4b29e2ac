import type { EdgeConfig, EdgeRules } from '@chat4all/edge/core'
import type { PublicationRules, ShardConfig, ShardRules } from '@chat4all/shard-node/core'
import type { ClientRules } from './cluster/client-rules.js'
import type { FaultName } from './run/options.js'
import type { StoreRules } from './store/rules.js'

/**
 * Planted bugs: each turns one rule of the design off. `npm test` proves that the simulator sees every one of them, so
 * that a green run means something. shard-node/core/SPEC.md ties each to its rule and back.
 */
export interface PlantedBug {
  /** As design.md §7 calls it. */
  readonly name: string
  /** Which rule is off, and who keeps it. */
  readonly rule:
    | { readonly of: 'shard-node'; readonly off: keyof ShardRules }
    | { readonly of: 'publication'; readonly off: keyof PublicationRules }
    | { readonly of: 'edge'; readonly off: keyof EdgeRules }
    | { readonly of: 'client'; readonly off: keyof ClientRules }
    | { readonly of: 'store'; readonly off: keyof StoreRules }
  /** What happens instead. */
  readonly instead: string
  /** Invariants of SPEC.md of which at least one must fail. */
  readonly breaks: readonly number[]
  /** Under which the accident is not rare: what is not named here is as the seed has it. */
  readonly weather?: Weather
}

export interface Weather {
  readonly faults?: Partial<Record<FaultName, number>>
  readonly shardNode?: Partial<ShardConfig>
  readonly edge?: Partial<EdgeConfig>
  readonly erasures?: number
}

/** Slots are handed to and fro, and little else happens. */
const MOVING: Weather['faults'] = { 'weight-change': 0.8, 'node-crash': 0, 'node-pause': 0, 'node-suspected': 0 }

/** Live nodes are taken for dead while requests to replicas are late or lost. */
const DEPOSING: Weather['faults'] = {
  'node-suspected': 0.7,
  'late-request': 0.25,
  'lost-request': 0.1,
  'replica-down': 0,
}

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'no seal check',
    rule: { of: 'store', off: 'checkSeal' },
    instead: 'every seal check answers "not sealed" at once',
    breaks: [1, 3],
  },
  {
    name: 'check begun before the write completed',
    rule: { of: 'shard-node', off: 'checkAfterWrite' },
    instead: 'a check may cover an append that completed after the check began',
    breaks: [1, 3],
    weather: { faults: DEPOSING },
  },
  {
    name: 'check at one replica',
    rule: { of: 'store', off: 'checkAtQuorum' },
    instead: 'a seal check believes the first replica that answers',
    breaks: [1, 3],
    weather: { faults: DEPOSING },
  },
  {
    name: 'a cached check',
    rule: { of: 'store', off: 'freshCheck' },
    instead: 'a seal check repeats an earlier answer while that is young',
    breaks: [1, 3],
  },
  {
    name: 'recovery reads before the seal is complete',
    rule: { of: 'store', off: 'sealAtQuorum' },
    instead: 'sealing counts as done when it is sent, not when a quorum has it',
    breaks: [1, 3],
    weather: { faults: { ...DEPOSING, 'late-request': 0.5 } },
  },
  {
    name: 'no write-back',
    rule: { of: 'store', off: 'writeBack' },
    instead: 'a recoverer does not put what it read onto a quorum',
    breaks: [1, 3, 4],
    weather: { faults: DEPOSING },
  },
  {
    name: 'each recoverer its own end',
    rule: { of: 'store', off: 'decideEndOnce' },
    instead: 'a proposal for the end of a log is always taken for the decision',
    breaks: [1, 3, 4],
  },
  {
    name: 'acknowledged out of order',
    rule: { of: 'shard-node', off: 'commitInOrder' },
    instead: 'an entry is acknowledged although one below it is not written',
    breaks: [1, 2, 3],
  },
  {
    name: 'offset skipped after a time-out',
    rule: { of: 'shard-node', off: 'rewriteUntilWritten' },
    instead: 'an append of unknown outcome is taken for written',
    breaks: [1, 3],
    weather: { faults: { ...DEPOSING, 'lost-request': 0.3, 'node-crash': 0.3 } },
  },
  {
    name: 'slot taken before recovery ended',
    rule: { of: 'shard-node', off: 'recoverBeforeClaim' },
    instead: 'slots of a dead log are claimed before its tail is in the view',
    breaks: [1, 2, 3],
  },
  {
    name: 'view fed before commit',
    rule: { of: 'shard-node', off: 'feedAfterCommit' },
    instead: 'subscribers and view get an entry when it is appended',
    breaks: [1, 2, 3],
  },
  {
    name: 'trimmed segment taken for the end',
    rule: { of: 'shard-node', off: 'lookAgainAtCursor' },
    instead: 'a recoverer that reads nothing proposes that offset as the end at once',
    breaks: [1, 3, 4],
    weather: {
      faults: { 'node-suspected': 1, 'slow-recovery': 0.8, 'replica-down': 0, 'slow-store': 0 },
      shardNode: { materialiseAfterMs: 20, cursorSaveMs: 20 },
    },
  },
  {
    name: 'stale read',
    rule: { of: 'shard-node', off: 'readsAfterCheck' },
    instead: 'a read is answered from memory although the log may be sealed',
    breaks: [1],
    weather: { faults: { 'node-suspected': 0.7, 'link-cut': 0.9, 'link-slow': 0.5 } },
  },
  {
    name: 'dedupe lost at failover',
    rule: { of: 'shard-node', off: 'lookUpForgotten' },
    instead: 'a message_id that misses the window is taken for a new one',
    breaks: [1],
  },
  {
    name: 'more claimed than was seen',
    rule: { of: 'client', off: 'firstSeen' },
    instead: 'a message that is sent again says how far its client has seen by then',
    breaks: [1],
    weather: { faults: { 'client-cut': 1 }, shardNode: { windowMessages: 4 } },
  },
  {
    name: 'old memory served after getting a slot back',
    rule: { of: 'shard-node', off: 'reloadAfterRegain' },
    instead: 'a new incarnation keeps the conversations of the one before',
    breaks: [1, 2, 3],
  },
  {
    name: 'handoff without waiting for entries in flight',
    rule: { of: 'shard-node', off: 'handoffWaits' },
    instead: 'the owner consents while entries of the slot are on their way to the log and the view',
    breaks: [1, 2, 3],
    weather: { faults: { ...MOVING, 'slow-store': 1, 'link-cut': 0 }, shardNode: { membersStableMs: 100 } },
  },
  {
    name: 'consent to what was announced, whatever came since',
    rule: { of: 'shard-node', off: 'consentCoversAll' },
    instead: 'the owner consents as soon as the view has what it had when it told where the slot ends',
    breaks: [1, 2, 3],
    weather: { faults: { ...MOVING, 'slow-store': 1, 'link-cut': 0 }, shardNode: { membersStableMs: 100 } },
  },
  {
    name: 'reclaim without compare-and-set',
    rule: { of: 'shard-node', off: 'reclaimByCompare' },
    instead: 'the owner serves a slot again that it had offered and nobody seemed to take',
    breaks: [1, 2, 3],
    weather: {
      faults: { ...MOVING, 'peer-stall': 1, 'link-cut': 0.8, 'client-cut': 1 },
      shardNode: { membersStableMs: 100, offerMs: 50 },
    },
  },
  {
    name: 'dedupe lost at handoff',
    rule: { of: 'shard-node', off: 'lookUpForgotten' },
    instead: 'the new owner takes a message_id that the old one knew for a new one',
    breaks: [1],
    weather: { faults: { ...MOVING, 'client-cut': 1, 'link-cut': 0.8 } },
  },
  {
    name: 'taken slots published before the log they came from',
    rule: { of: 'publication', off: 'followedFirst' },
    instead: 'a publisher does not wait for the logs that its log follows',
    breaks: [6],
    weather: { faults: { 'node-crash': 0.5, 'weight-change': 0.5, 'stream-away': 0.5 } },
  },
  {
    name: 'cursor saved before the stream has it',
    rule: { of: 'publication', off: 'saveAfterPublish' },
    instead: 'what was sent to the event stream counts as published',
    breaks: [6, 9],
    weather: { faults: { 'node-crash': 0.5, 'stream-away': 0.8 } },
  },
  {
    name: 'segment dropped before it is published',
    rule: { of: 'publication', off: 'keepUntilPublished' },
    instead: 'entries are dropped when the view has them',
    breaks: [6, 9],
    weather: { faults: { 'stream-away': 0.8, 'node-crash': 0.3 }, shardNode: { cursorSaveMs: 50 } },
  },
  {
    name: 'what is erased shown until the view has it',
    rule: { of: 'shard-node', off: 'hideErased' },
    instead: 'the owner goes on showing from memory and view what an erasure took away that is committed',
    breaks: [10],
    weather: { shardNode: { materialiseAfterMs: 1_000 }, erasures: 6 },
  },
  {
    name: 'erasure lost at failover',
    rule: { of: 'shard-node', off: 'recoverErasures' },
    instead: 'a recoverer brings the messages of a log into the view, and not its erasures',
    breaks: [10],
    weather: { faults: { 'node-suspected': 0.7 }, shardNode: { materialiseAfterMs: 1_000 }, erasures: 6 },
  },
  {
    name: 'bounced pipeline not dropped',
    rule: { of: 'shard-node', off: 'dropAfterBounce' },
    instead: 'the owner takes later requests of an attempt of which it bounced one',
    breaks: [8],
  },
  {
    name: 'no go-back-N',
    rule: { of: 'edge', off: 'goBackN' },
    instead: 'only the bounced request is sent again, behind what is under way',
    breaks: [8],
  },
  {
    name: 'read before subscribe',
    rule: { of: 'edge', off: 'subscribeBeforeRead' },
    instead: 'what is committed between the read and the subscription is missed',
    breaks: [7, 9],
    weather: { faults: { 'client-cut': 1, 'slow-store': 0.8 } },
  },
]
