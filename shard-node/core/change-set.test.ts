import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changesOf } from './recovery.js'
import { open, post, World } from './testing/world.js'

test('of a slot that left a log and came back, the log lacks what was said meanwhile: nothing moves up into the gap', () => {
  const world = new World()
  world.send(open())
  for (const n of [1, 2, 3, 4]) world.send(post(n))
  // The second message stands in the log of another.
  const entries = world.log.filter((entry) => !Buffer.from(entry).includes('message 2'))
  assert.equal(entries.length, world.log.length - 1)
  assert.deepEqual(
    changesOf(entries).flatMap(({ messages }) =>
      messages === undefined ? [] : [[messages.firstSeq, messages.lastSeq, messages.lengths.length]],
    ),
    [
      [1, 1, 1],
      [3, 4, 2],
    ],
  )
})
