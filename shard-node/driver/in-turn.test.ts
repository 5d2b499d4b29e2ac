import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inTurn } from './in-turn.js'

test('every step is taken in turn, whatever fails; all that failed is told', async () => {
  const taken: string[] = []
  const step = (name: string, error?: Error) => async () => {
    await new Promise((resolve) => setImmediate(resolve))
    taken.push(name)
    if (error !== undefined) throw error
  }
  const [first, second] = [new Error('first'), new Error('second')]
  await inTurn([step('a'), step('b')])
  await assert.rejects(inTurn([step('c', first), step('d')]), first)
  const throwsAtOnce = () => {
    throw second
  }
  await assert.rejects(inTurn([step('e', first), throwsAtOnce, step('f')]), (error: AggregateError) => {
    assert.deepEqual(error.errors, [first, second])
    return /first.*second/.test(error.message)
  })
  assert.deepEqual(taken, ['a', 'b', 'c', 'd', 'e', 'f'])
})
