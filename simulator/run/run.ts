import { check, type Violation } from '../checkers/index.js'
import { APP } from '../cluster/app.js'
import { Cluster } from '../cluster/cluster.js'
import { FaultInjector } from '../cluster/fault-injector.js'
import { recordLogContents } from '../history/log-contents.js'
import type { RunOptions } from './options.js'
import { type Operation, type Plan, planOf } from './plan.js'

/** After the faults end everything must come to rest within so much virtual time (invariant 9). */
export const CONVERGENCE_MS_MAX = 60_000
const LOOK_EVERY_MS = 250

export interface RunResult {
  readonly violations: readonly Violation[]
  /** Requests that clients made. */
  readonly operations: number
  readonly events: number
  readonly virtualMs: number
  /** A broken invariant inside a core or a driver stops the run: this is what it said. */
  readonly crash: Error | undefined
  readonly trace: readonly string[]
  readonly cluster: Cluster
}

/** One run: operations and faults, then peace, then a look at everything. */
export function run(options: RunOptions, plan: Plan = planOf(options), traced = false): RunResult {
  const cluster = new Cluster(options, traced)
  const { world, history } = cluster
  let crash: Error | undefined
  try {
    play(cluster, options, plan)
  } catch (error) {
    crash = error instanceof Error ? error : new Error(String(error))
  }
  recordLogContents(history, cluster.store, world.now)
  const violations =
    crash === undefined ? check(history) : [{ invariant: 0, at: world.now, what: `a process threw: ${crash.message}` }]
  const trace = [
    ...cluster.trace.lines,
    ...violations.map(({ at, invariant, what }) => `${at.toFixed(1).padStart(9)} # invariant ${invariant}: ${what}`),
  ]
  const operations = cluster.clients.reduce((sum, client) => sum + client.requests, 0)
  return { violations, operations, events: world.events, virtualMs: world.now, crash, trace, cluster }
}

function play(cluster: Cluster, options: RunOptions, plan: Plan): void {
  const { world, history, store } = cluster
  Object.assign(store.replicas.faults, {
    lostRequest: options.faults['lost-request'],
    lateRequest: options.faults['late-request'],
    lateMsMax: 6_000,
    lostAnswer: options.faults['lost-answer'],
    slowRecovery: options.faults['slow-recovery'],
    unknownCompareAndSet: options.faults['unknown-compare-and-set'],
  })
  Object.assign(cluster.stream.faults, {
    late: options.faults['late-batch'],
    lostAnswer: options.faults['late-batch'],
  })
  cluster.start()
  const injector = new FaultInjector(cluster)
  for (const fault of plan.faults) world.after(fault.at, () => injector.inject(fault))
  for (const operation of plan.operations) world.after(operation.at, () => perform(cluster, operation))
  world.runUntil(options.spreadMs)

  injector.repairAll()
  const deadline = world.now + CONVERGENCE_MS_MAX
  let unfinished = cluster.unfinished()
  while (unfinished.length > 0 && world.now < deadline) {
    world.runUntil(world.now + LOOK_EVERY_MS)
    unfinished = cluster.unfinished()
  }
  unfinished = [...unfinished, ...readAll(cluster), ...catchUpAll(cluster), ...streamAll(cluster)]
  history.record({ type: 'convergence', at: world.now, unfinished })
}

/** Reads every conversation to its end; what has no answer in time is unfinished. */
function readAll(cluster: Cluster): string[] {
  const { world, history } = cluster
  const open = new Set(cluster.conversations.values())
  for (const conversation of [...open]) {
    cluster.auditor.read(APP, conversation, true, (exists) => {
      // What was erased as a whole is answered as if it had never been.
      const erased = () =>
        history.of('erased').some((one) => one.conversation === conversation && one.user === undefined)
      if (exists || erased()) open.delete(conversation)
    })
  }
  const deadline = world.now + CONVERGENCE_MS_MAX
  while (open.size > 0 && world.now < deadline) world.runUntil(world.now + LOOK_EVERY_MS)
  return [...open].map((conversation) => `${conversation} cannot be read`)
}

/** Every member must come to have every message, by itself. */
function catchUpAll(cluster: Cluster): string[] {
  const { world, history } = cluster
  const heads = history.of('full-read').filter(({ final }) => final)
  const behind = () =>
    heads.flatMap(({ conversation, head }) =>
      cluster
        .membersOf(conversation)
        .filter((client) => client.hasUpTo(conversation) < head)
        .map((client) => `${client.name} has ${conversation} to ${client.hasUpTo(conversation)} of ${head}`),
    )
  const deadline = world.now + CONVERGENCE_MS_MAX
  let open = behind()
  while (open.length > 0 && world.now < deadline) {
    world.runUntil(world.now + LOOK_EVERY_MS)
    open = behind()
  }
  return open
}

/** Everything must come to be in the event stream. */
function streamAll(cluster: Cluster): string[] {
  const { world, history, stream } = cluster
  const heads = history.of('full-read').filter(({ final }) => final)
  const behind = () => heads.filter(({ conversation, head }) => (stream.consumed.get(conversation) ?? 0) < head)
  const deadline = world.now + CONVERGENCE_MS_MAX
  while (behind().length > 0 && world.now < deadline) world.runUntil(world.now + LOOK_EVERY_MS)
  return behind().map(({ conversation }) => `the event stream lacks messages of ${conversation}`)
}

function perform(cluster: Cluster, { client, does }: Operation): void {
  if (does.type !== 'full-read' && does.type !== 'erase')
    return cluster.clients[client]?.perform(does, cluster.conversations)
  const conversation = cluster.conversations.get(does.conversation)
  if (conversation === undefined) return
  if (does.type === 'full-read') cluster.auditor.read(APP, conversation, false, () => {})
  else
    cluster.auditor.erase(APP, conversation, does.member === undefined ? undefined : cluster.clients[does.member]?.user)
}
