import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Random } from '../random.js'
import { FAULTS, faultsNamed } from './catalogue.js'
import { schedule } from './schedule.js'

const EVERYTHING = { engines: true, kafka: true, network: true, strikeEngines: true, severalCassandras: true }

test('a schedule follows from the seed, ends in time, and strikes with everything before it repeats itself', () => {
  const faults = faultsNamed([], EVERYTHING)
  assert.equal(faults.length, FAULTS.size)
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1_000, max: 3_600_000 }), (seed, durationMs) => {
      const planned = schedule({ faults, durationMs }, new Random(seed))
      assert.deepEqual(planned, schedule({ faults, durationMs }, new Random(seed)))
      for (const { atMs, lastsMs } of planned) assert.ok(atMs >= 0 && atMs + lastsMs <= durationMs + 1)
      const first = planned.slice(0, faults.length).map(({ fault }) => fault)
      assert.equal(new Set(first).size, first.length)
    }),
  )
})

test('half an hour is enough for every fault that there is', () => {
  const planned = schedule({ faults: faultsNamed([], EVERYTHING), durationMs: 30 * 60_000 }, new Random(1))
  assert.equal(new Set(planned.map(({ fault }) => fault)).size, FAULTS.size)
})

test('without engines and network only our own processes can be struck', () => {
  const bare = { engines: false, kafka: false, network: false, strikeEngines: false, severalCassandras: false }
  assert.deepEqual(faultsNamed([], bare), [
    'node-kill',
    'node-pause',
    'node-restart',
    'edge-kill',
    'edge-pause',
    'edge-restart',
    'nodes-restart-in-turn',
  ])
  assert.throws(() => faultsNamed(['node-cassandra-cut'], bare), /not possible with this cluster/)
  assert.throws(() => faultsNamed(['noed-kill'], bare), /is no fault/)
})

test('the beginning of a name means all that begin with it', () => {
  assert.deepEqual(faultsNamed(['edge-redis'], EVERYTHING), [
    'edge-redis-cut',
    'edge-redis-requests-lost',
    'edge-redis-answers-lost',
    'edge-redis-slow',
  ])
})
