import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDriverFault } from './driver-fault.js'

test('only what the driver trips over in its own background is passed over', () => {
  const ours = new TypeError('Cannot read properties of null')
  assert.equal(isDriverFault(ours), false)
  const theirs = new TypeError('Cannot read properties of null')
  theirs.stack = `TypeError: x\n    at ControlConnection._refresh (node_modules/cassandra-driver/lib/control-connection.js:506:10)`
  assert.equal(isDriverFault(theirs), true)
  const request = new Error('no host')
  request.stack = theirs.stack
  assert.equal(isDriverFault(request), false)
  assert.equal(isDriverFault('text'), false)
})
