import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { type Engine, EngineHealth } from './engine-health.js'

const engine: Engine = { name: 'Cassandra', where: '10.0.0.1:9042' }

function healthWithLog() {
  const lines: { msg: string; why?: string }[] = []
  const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const registry = new Registry()
  return { lines, registry, health: new EngineHealth(logger, registry) }
}

test('an engine that goes and comes is told twice, whatever number of calls fails, and shows as a metric', async () => {
  const { lines, registry, health } = healthWithLog()
  health.back(engine)
  assert.match(await registry.metrics(), /chat4all_engine_up\{engine="Cassandra"\} 1/)
  for (let i = 0; i < 100; i++) health.away(engine, 'no route\nat some place', 'nothing is acknowledged')
  assert.match(await registry.metrics(), /chat4all_engine_up\{engine="Cassandra"\} 0/)
  assert.match(health.reason('Cassandra')!, /^Cassandra at 10\.0\.0\.1:9042 does not answer since 20.*: no route$/)
  assert.equal(health.reason('Redis'), undefined)
  health.back(engine)
  health.back(engine)
  assert.equal(health.reason('Cassandra'), undefined)
  assert.deepEqual(
    lines.map(({ msg, why }) => [msg, why]),
    [
      ['Cassandra does not answer: nothing is acknowledged', 'no route'],
      ['Cassandra answers', undefined],
    ],
  )
})

test('what an engine is needed for is tried until it succeeds, or nobody waits any more', async () => {
  const { health } = healthWithLog()
  let tries = 0
  const attempt = async () => {
    if (++tries < 2) throw new Error('not yet')
    return 'there'
  }
  assert.equal(await health.until(engine, attempt), 'there')
  health.stop()
  await assert.rejects(
    health.until(engine, () => Promise.reject(new Error('never'))),
    /never/,
  )
})
