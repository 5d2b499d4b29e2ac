import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Publisher, place, readAll } from './testing/publisher.js'

// A real process that publishes to a real Kafka, and that is killed.

test('killed between publish and cursor, and at any other time, nothing is missing or out of order', {
  timeout: 180_000,
}, async () => {
  const { folder, topic, acknowledged } = await place()
  for (const killAt of [1, 3]) {
    assert.equal(await new Publisher(folder, topic, acknowledged, killAt).exit(), 'SIGKILL')
  }
  for (const more of [1, 100]) {
    const publisher = new Publisher(folder, topic, acknowledged)
    await publisher.says(more)
    publisher.process.kill('SIGKILL')
    await publisher.exit()
  }
  const last = new Publisher(folder, topic, acknowledged)
  await last.says(20)
  await last.stop()
  const { doubles } = await readAll(topic, acknowledged)
  assert.ok(doubles > 0, 'a cursor that was lost makes doubles')
})
