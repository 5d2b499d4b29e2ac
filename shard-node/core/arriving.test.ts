import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Epoch, LogId, Millis, NodeId, Offset, Slot } from '@chat4all/protocol'
import { ArrivingSlots } from './arriving.js'
import type { Effect } from './effects.js'

const WANT_MS = 5_000
const EPOCH = 1 as Epoch

test('a node that answers nothing keeps no place from those that answer, and is asked again', () => {
  const node = 'n1' as NodeId
  const limits = { node, arrivingMax: 16, arrivingQuickMs: 40, membersStableMs: 0, wantMs: WANT_MS }
  const arriving = new ArrivingSlots(limits)
  // Every other slot is of a node that says nothing.
  const ownerOf = (slot: Slot) => (slot % 2 === 0 ? 'silent' : 'speaks') as NodeId
  const astray = new Set(Array.from({ length: 200 }, (_, slot) => slot as Slot))
  const row = (slot: Slot) => ({ slot, epoch: EPOCH, log: 'log' as LogId, node: ownerOf(slot) })
  let silentAsked = 0
  let now = 1_000_000 as Millis
  const until = now + 4 * WANT_MS
  while (now < until) {
    const effects: Effect[] = []
    arriving.ask(astray, row, now, effects)
    now = (now + 50) as Millis
    for (const effect of effects) {
      if (effect.type !== 'tell-node' || effect.frame.t !== 'want') continue
      const { slot } = effect.frame
      if (effect.node === 'silent') silentAsked++
      else {
        const told = { slot, epoch: EPOCH, log: 'log' as LogId, end: 7 as Offset }
        arriving.announced({ t: 'ends', ...told })
        arriving.tellNoted(() => true, (now - 20) as Millis, [])
        arriving.consented({ t: 'consent', ...told })
        arriving.settled(slot, now)
        astray.delete(slot)
      }
    }
  }
  assert.deepEqual(
    [...astray].filter((slot) => ownerOf(slot) === 'speaks'),
    [],
  )
  assert.ok(silentAsked >= 3, `asked ${silentAsked} times`)
})
