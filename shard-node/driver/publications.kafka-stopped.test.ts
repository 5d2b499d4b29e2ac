import { test } from 'node:test'
import { Publisher, place, readAll } from './testing/publisher.js'

// CHAT4ALL_TEST_KAFKA_PID is the broker of CHAT4ALL_TEST_KAFKA, and nobody else's: it is stopped and continued.

const brokerPid = process.env.CHAT4ALL_TEST_KAFKA_PID

test('while Kafka is stopped for 20 s commits go on, and afterwards it gets all', {
  skip: brokerPid === undefined && 'CHAT4ALL_TEST_KAFKA_PID is not given: somebody else may have this Kafka',
  timeout: 180_000,
}, async () => {
  const { folder, topic, acknowledged } = await place()
  const publisher = new Publisher(folder, topic, acknowledged)
  await publisher.says(200)
  process.kill(Number(brokerPid), 'SIGSTOP')
  const until = Date.now() + 20_000
  try {
    while (Date.now() < until) await publisher.says(10)
  } finally {
    process.kill(Number(brokerPid), 'SIGCONT')
  }
  await publisher.says(200)
  await readAll(topic, new Map(acknowledged))
  await publisher.stop()
  await readAll(topic, acknowledged)
})
