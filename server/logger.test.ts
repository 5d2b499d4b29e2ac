import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { linesForPeople } from './logger.js'

test('on a terminal a log line is for people: time, level, message, fields, stack', () => {
  let written = ''
  const logger = pino(
    { base: { pid: 1 }, timestamp: () => ',"time":1770000000123' },
    linesForPeople({
      write: (text) => {
        written += text
      },
    }),
  )
  logger.info({ node: 'node-1', slots: 3, nested: { a: 1 } }, 'serving')
  logger.info({ event: 'rest.answered', status: 200 })
  logger.error({ err: new Error('broken') }, 'failed')
  const [first, answered, second, third] = written.split('\n')
  assert.equal(first, '02:40:00.123 info serving  node=node-1  slots=3  nested={"a":1}')
  assert.equal(answered, '02:40:00.123 info rest.answered  status=200')
  assert.equal(second, '02:40:00.123 ERROR failed')
  assert.equal(third, 'Error: broken')
})
