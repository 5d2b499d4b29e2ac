import { type LogId, type NodeId, SLOTS } from '@chat4all/protocol'
import { desiredOwners, type Member, type Members } from '@chat4all/router'
import type { NodeLogs, SlotTable } from '@chat4all/storage'

/** Who has which slot and who should, as operators see it: on the command line and in the console. */
export interface RingView {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly nodes: readonly NodeView[]
  /** By slot: which of `nodes` has it; -1: nobody yet. */
  readonly owners: readonly number[]
  /** By slot: which of `nodes` should have it; -1: nobody, because no member has weight. */
  readonly desired: readonly number[]
  /** By slot; 0: never owned. */
  readonly epochs: readonly number[]
}

export interface NodeView {
  readonly node: NodeId
  /** Among the members that look healthy. */
  readonly alive: boolean
  /** Undefined when it is not alive. */
  readonly address: string | undefined
  readonly weight: number
  readonly slots: number
  readonly wanted: number
  /** The logs that its slots write to: one, or more while an earlier one is being recovered. */
  readonly logs: readonly LogView[]
}

export interface LogView {
  readonly log: LogId
  readonly slots: number
  /** First offset that the message view does not have. */
  readonly materialised: number
  /** First offset that the event stream does not have. */
  readonly published: number
}

export interface RingSources {
  readonly slots: Pick<SlotTable, 'read'>
  readonly logs: Pick<NodeLogs, 'cursors'>
}

/** Reads the table and the cursors of the logs in it. @throws what storage throws. */
export async function ringView(members: readonly Member[], { slots, logs }: RingSources): Promise<RingView> {
  const rows = await slots.read()
  const owned = new Map<LogId, { readonly node: NodeId; slots: number }>()
  for (const { log, node } of rows) {
    const known = owned.get(log)
    if (known === undefined) owned.set(log, { node, slots: 1 })
    else known.slots++
  }
  const logViews = await Promise.all(
    [...owned].map(async ([log, { node, slots }]) => {
      const { materialised, published } = await logs.cursors(log)
      return { node, view: { log, slots, materialised, published } }
    }),
  )
  const wanted = desiredOwners(members)
  const names = [...new Set([...members.map(({ node }) => node), ...rows.map(({ node }) => node)])].sort()
  const index = new Map(names.map((node, at) => [node, at]))
  const bySlot = new Map(rows.map((row) => [row.slot as number, row]))
  const all = Array.from({ length: SLOTS }, (_, slot) => slot)
  return {
    at: Date.now(),
    nodes: names.map((node) => {
      const member = members.find((some) => some.node === node)
      const its = logViews.filter((of) => of.node === node).map(({ view }) => view)
      its.sort((a, b) => b.slots - a.slots)
      return {
        node,
        alive: member !== undefined,
        address: member?.address,
        weight: member?.weight ?? 0,
        slots: its.reduce((sum, log) => sum + log.slots, 0),
        wanted: wanted.filter((owner) => owner === node).length,
        logs: its,
      }
    }),
    owners: all.map((slot) => index.get(bySlot.get(slot)?.node as NodeId) ?? -1),
    desired: all.map((slot) => index.get(wanted[slot] as NodeId) ?? -1),
    epochs: all.map((slot) => bySlot.get(slot)?.epoch ?? 0),
  }
}

/**
 * The view for whoever looks, read at most once a second however many look.
 * @returns a function that gives the newest view; it rejects while storage does.
 */
export function ringViewer(members: Members, sources: RingSources): { view(): Promise<RingView>; stop(): void } {
  let now: readonly Member[] = []
  const stop = members.watch((all) => {
    now = all
  })
  let view: Promise<RingView> | undefined
  let readAt = 0
  return {
    view() {
      if (view === undefined || Date.now() - readAt >= KEPT_MS) {
        readAt = Date.now()
        view = ringView(now, sources)
        view.catch(() => {
          view = undefined
        })
      }
      return view
    },
    stop,
  }
}
const KEPT_MS = 1_000
