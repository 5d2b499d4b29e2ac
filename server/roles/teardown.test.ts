import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger } from '../logger.js'
import { Teardown } from './teardown.js'

test('what was started ends in reverse order, once, whatever fails on the way', async () => {
  const ended: string[] = []
  const teardown = new Teardown()
  teardown.add(async () => void ended.push('storage'))
  teardown.add(() => Promise.reject(new Error('a link does not close')))
  teardown.add(async () => void ended.push('port'))
  await assert.rejects(teardown.run(), /a link does not close/)
  assert.deepEqual(ended, ['port', 'storage'])
  await teardown.run()
  assert.deepEqual(ended, ['port', 'storage'])
})

test('a start that fails says why, also when what it had started does not end', async () => {
  const why = new Error('the port is taken')
  let ended = false
  const start = async (teardown: Teardown): Promise<void> => {
    teardown.add(async () => {
      ended = true
    })
    teardown.add(() => Promise.reject(new Error('another')))
    throw why
  }
  await assert.rejects(Teardown.guard(createLogger('silent'), start), (error) => error === why)
  assert.ok(ended)
})
