import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogId, NodeId, Slot } from '@chat4all/protocol'
import { shardNodeEvents } from '@chat4all/shard-node'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { parseNodeMetrics } from './node-metrics.js'

test('what a shard-node writes as metrics is what is read of them', async () => {
  const registry = new Registry()
  const events = shardNodeEvents('a' as NodeId, pino({ level: 'silent' }), registry)
  events.linkOpened('edge-1')
  events.linkOpened('edge-2')
  events.deposed('a.1' as LogId)
  events.lag({ viewBytes: 77, pendingBytes: 0, entriesInFlight: 0 })
  events.publicationLag(5)
  for (let i = 0; i < 99; i++) events.handedOver({ slot: 1 as Slot, to: 'b' as NodeId, pauseMs: 12 })
  events.handedOver({ slot: 1 as Slot, to: 'b' as NodeId, pauseMs: 60_000 })
  const metrics = parseNodeMetrics(await registry.metrics())
  assert.deepEqual(metrics, {
    messagesCommitted: 0,
    viewLagBytes: 77,
    publishLagEntries: 5,
    links: 2,
    depositions: 1,
    handoffs: { count: 100, pauseMsP50: 20, pauseMsP99: 20 },
  })
})

test('a node that handed nothing over has no pauses', () => {
  assert.deepEqual(parseNodeMetrics('').handoffs, { count: 0, pauseMsP50: null, pauseMsP99: null })
})
