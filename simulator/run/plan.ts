import { Random } from '../world/random.js'
import { FAULT_NAMES, type FaultName, type RunOptions } from './options.js'

/**
 * Everything that a run is made of, decided beforehand from the seed: so it can be made smaller by leaving things out,
 * and what is left happens as before.
 */
export interface Plan {
  readonly operations: readonly Operation[]
  readonly faults: readonly Fault[]
}

export interface Operation {
  readonly at: number
  readonly client: number
  readonly does:
    | {
        readonly type: 'create'
        readonly conversation: number
        readonly group: boolean
        readonly members: readonly number[]
      }
    | { readonly type: 'send'; readonly conversation: number; readonly count: number }
    | { readonly type: 'add'; readonly conversation: number; readonly member: number }
    | { readonly type: 'remove'; readonly conversation: number; readonly member: number }
    | { readonly type: 'receipt'; readonly conversation: number; readonly read: boolean }
    | { readonly type: 'history'; readonly conversation: number; readonly back: boolean }
    | { readonly type: 'full-read'; readonly conversation: number }
    /** All that was said in it, or with `member` only what that client's user said. */
    | { readonly type: 'erase'; readonly conversation: number; readonly member: number | undefined }
    | { readonly type: 'reconnect'; readonly edge: number; readonly pauseMs: number }
}

export interface Fault {
  readonly at: number
  readonly name: FaultName
  /** Which node, edge, client or replica, by number; a link has one of each kind. */
  readonly victim: number
  readonly other: number
  readonly lastsMs: number
  /** From 0 to 1: how bad, where that means something. */
  readonly amount: number
}

/** Faults that are properties of every request; the others are scheduled. */
const PER_REQUEST: ReadonlySet<FaultName> = new Set([
  'slow-recovery',
  'late-batch',
  'lost-request',
  'late-request',
  'lost-answer',
  'unknown-compare-and-set',
])

export function planOf(options: RunOptions): Plan {
  const random = new Random(options.seed).fork('plan')
  const operations = operationsOf(options, random.fork('operations'))
  const erasures = erasuresOf(options, operations, random.fork('erasures'))
  return {
    operations: [...operations, ...erasures].sort((a, b) => a.at - b.at),
    faults: faultsOf(options, random.fork('faults')),
  }
}

function operationsOf(options: RunOptions, random: Random): Operation[] {
  const operations: Operation[] = []
  for (let conversation = 0; conversation < options.conversations; conversation++) {
    const client = random.below(options.clients)
    const others = Array.from({ length: options.clients }, (_, index) => index).filter((index) => index !== client)
    const group = random.chance(0.7)
    const members = group ? others.filter(() => random.chance(0.7)) : [random.pick(others)]
    operations.push({ at: random.between(0, 500), client, does: { type: 'create', conversation, group, members } })
  }
  while (operations.length < options.operations) {
    const at = random.between(200, options.spreadMs)
    operations.push({ at, client: random.below(options.clients), does: anything(options, random) })
  }
  return operations.sort((a, b) => a.at - b.at)
}

function anything(options: RunOptions, random: Random): Operation['does'] {
  const conversation = random.below(options.conversations)
  const member = random.below(options.clients)
  const dice = random.fraction()
  if (dice < 0.6) return { type: 'send', conversation, count: random.chance(0.15) ? 2 + random.below(12) : 1 }
  if (dice < 0.74) return { type: 'receipt', conversation, read: random.chance(0.5) }
  if (dice < 0.84) return { type: 'history', conversation, back: random.chance(0.5) }
  if (dice < 0.9) return { type: 'full-read', conversation }
  if (dice < 0.95) return { type: 'reconnect', edge: random.below(options.edges), pauseMs: random.skewed(1, 6_000) }
  if (dice < 0.98) return { type: 'add', conversation, member }
  return { type: 'remove', conversation, member }
}

/** Each is looked at soon after, and what was erased as a whole is, as often as not, begun anew. */
function erasuresOf(options: RunOptions, others: readonly Operation[], random: Random): Operation[] {
  const erasures: Operation[] = []
  for (let count = 0; count < options.erasures; count++) {
    const at = random.between(1_000, options.spreadMs * 0.9)
    const conversation = random.below(options.conversations)
    const member = random.chance(0.5) ? random.below(options.clients) : undefined
    erasures.push({ at, client: 0, does: { type: 'erase', conversation, member } })
    for (const afterMs of [random.between(20, 500), random.between(500, 3_000)])
      erasures.push({ at: at + afterMs, client: 0, does: { type: 'full-read', conversation } })
    const creation = others.find(({ does }) => does.type === 'create' && does.conversation === conversation)
    if (member === undefined && creation !== undefined && random.chance(0.7))
      erasures.push({ ...creation, at: at + random.skewed(1, 5_000) })
  }
  return erasures
}

function faultsOf(options: RunOptions, random: Random): Fault[] {
  const faults: Fault[] = []
  for (let second = 0; second * 1_000 < options.spreadMs; second++) {
    for (const name of FAULT_NAMES) {
      if (PER_REQUEST.has(name) || !random.chance(options.faults[name])) continue
      faults.push({
        at: second * 1_000 + random.between(0, 1_000),
        name,
        victim: random.below(60),
        other: random.below(60),
        lastsMs: random.skewed(20, 8_000),
        amount: random.fraction(),
      })
    }
  }
  return faults.sort((a, b) => a.at - b.at)
}
