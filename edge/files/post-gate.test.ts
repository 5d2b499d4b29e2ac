import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppId, ConversationId, UserId } from '@chat4all/protocol'
import { PostGate } from './post-gate.js'

const soon = () => new Promise((resolve) => setImmediate(resolve))

test('what is not known is looked up once, and known for a while; a failure is nothing that one knows', async () => {
  let now = 0
  let asked = 0
  let answer: () => Promise<boolean> = async () => true
  const gate = new PostGate(
    {
      post: () => {
        asked++
        return answer()
      },
    },
    () => now,
  )
  const may = () => gate.mayPost('a' as AppId, 'u' as UserId, 'c' as ConversationId, 'f')
  assert.equal(may(), undefined)
  assert.equal(may(), undefined)
  await soon()
  assert.deepEqual([may(), may(), asked], [true, true, 1])
  now += 30_000
  answer = async () => false
  assert.equal(may(), undefined)
  await soon()
  assert.deepEqual([may(), asked], [false, 2])
  now += 2_000
  answer = async () => {
    throw new Error('the store is away')
  }
  assert.equal(may(), undefined)
  await soon()
  answer = async () => true
  assert.equal(may(), undefined)
  await soon()
  assert.deepEqual([may(), asked], [true, 4])
})
