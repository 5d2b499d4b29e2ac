import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FAULT_NAMES, type FaultName, optionsOf } from './run/options.js'
import type { Fault, Operation, Plan } from './run/plan.js'
import { run } from './run/run.js'

// Histories that the simulator found and shrank, told again by hand: each broke an invariant once.

const ZERO = Object.fromEntries(FAULT_NAMES.map((name) => [name, 0])) as Record<FaultName, number>

function survives(plan: Plan, given: Parameters<typeof optionsOf>[1] = {}): void {
  const options = optionsOf(11, { nodes: 3, edges: 2, clients: 3, conversations: 1, faults: ZERO, ...given })
  const { violations, cluster } = run(options, plan)
  assert.deepEqual(violations, [])
  assert.ok(cluster.history.of('sent').length > 0, 'nothing was acknowledged: the plan shows nothing')
}

const create: Operation = {
  at: 50,
  client: 0,
  does: { type: 'create', conversation: 0, group: true, members: [1, 2] },
}
const send = (at: number, client: number, count = 1): Operation => ({
  at,
  client,
  does: { type: 'send', conversation: 0, count },
})
const moveTo = (at: number, client: number, edge: number): Operation => ({
  at,
  client,
  does: { type: 'reconnect', edge, pauseMs: 20 },
})
const fault = (at: number, name: FaultName, victim: number, other: number, lastsMs: number, amount = 0): Fault => ({
  at,
  name,
  victim,
  other,
  lastsMs,
  amount,
})

test('a clock that is set back by an hour stops neither the view nor the taking of slots', () => {
  for (const node of [0, 1, 2]) {
    survives({
      operations: [create, send(500, 0, 5), send(3_000, 1, 5), send(6_000, 2, 5)],
      faults: [fault(1_000, 'clock-jump', node, 1, 100, 0.5), fault(4_000, 'node-crash', (node + 1) % 3, 0, 5_000)],
    })
  }
})

test('what an edge could not send while its client went to another edge is not posted a second time', () => {
  for (const node of [0, 1, 2]) {
    for (const edge of [0, 1]) {
      survives({
        operations: [create, moveTo(800, 0, edge), send(2_000, 0, 3), moveTo(2_500, 0, 1 - edge), send(4_500, 1, 4)],
        faults: [fault(1_500, 'link-cut', node, edge, 3_000)],
      })
    }
  }
})

test('a session that comes back while its older one is still being subscribed goes on being told', () => {
  for (let at = 1_000; at < 1_100; at += 10) {
    survives({
      operations: [create, moveTo(990, 1, 0), moveTo(at, 1, 0), send(2_500, 0), send(6_000, 0)],
      faults: [0, 1, 2].map((node) => fault(900, 'link-slow', node, 0, 1_000, 0.3)),
    })
  }
})

test('a session that creates what it was told to resume loses nothing', () => {
  for (let at = 60; at < 80; at += 2) {
    survives({ operations: [create, moveTo(at, 0, 1), send(400, 1), send(900, 2), send(1_500, 0)], faults: [] })
  }
})

test('a slot that left and came back is recovered with the gap that its log has, not over what was said meanwhile', () => {
  for (const node of [0, 1, 2]) {
    survives(
      {
        operations: [create, send(500, 0, 5), send(3_000, 1, 5), send(8_000, 2, 5), send(12_000, 0, 2)],
        faults: [fault(1_000, 'weight-change', node, 0, 5_000), fault(9_000, 'node-crash', node, 0, 2_000)],
      },
      // The view's cursor is far behind, as it is while the view is slow.
      { shardNode: { membersStableMs: 100, cursorSaveMs: 60_000 } },
    )
  }
})
