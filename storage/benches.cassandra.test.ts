import assert from 'node:assert/strict'
import { test } from 'node:test'
import { measureCassandraView } from './message-view/cassandra.bench.js'
import { measureCommits } from './node-log/cassandra.bench.js'

// Small, so that none rots. What they say is read when they run alone.

test('the bench of the view in Cassandra runs', async () => {
  const figures = await measureCassandraView({
    conversations: 3,
    messagesPerApply: 5,
    messageBytes: 50,
    applies: 5,
  })
  assert.ok(figures.cpuMicrosPerMessage > 0)
  assert.equal(figures.engineMicrosPerMessage, undefined)
})

test('the bench of commits in Cassandra runs', async () => {
  const figures = await measureCommits(500, 4, 40)
  assert.ok(figures.cpuMicrosPerCommit > 0)
  assert.ok(figures.commitP99Ms >= figures.commitP50Ms)
})
