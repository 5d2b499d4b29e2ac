import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { isTaken, listening, listeningIn } from './listening.js'

const TABLE = `  sl  local_address                         remote_address                        st tx_queue rx_queue
   0: 0100007F:456A 00000000:0000 0A 00000000:00000000
   1: 0000000000000000FFFF0000010A007F:4A62 00000000000000000000000000000000:0000 0A 00000000:00000000
   2: 00000000000000000000000000000000:07E8 00000000000000000000000000000000:0000 0A 00000000:00000000
   3: 0100007F:9C40 0100007F:456A 01 00000000:00000000
`

test('who listens is read from the table of the kernel, in both kinds of address', () => {
  assert.deepEqual(listeningIn(TABLE), ['127.0.0.1:17770', '127.0.10.1:19042', '*:2024'])
})

test('an address is taken by who listens at it or at all addresses, and not by another address', () => {
  const taken = listeningIn(TABLE)
  assert.ok(isTaken('127.0.10.1:19042', taken))
  assert.ok(!isTaken('127.0.11.1:19042', taken))
  assert.ok(isTaken('127.0.0.1:2024', taken))
  assert.ok(!isTaken('127.0.0.1:40000', taken), 'a connection is no listener')
})

test('a server of this process is seen', { skip: process.platform !== 'linux' && 'needs /proc' }, async () => {
  const server = createServer()
  // At an address of its own: of 127.0.0.1, another test may be given the same port the moment it is free.
  const host = '127.0.77.1'
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const { port } = server.address() as { port: number }
  assert.ok(isTaken(`${host}:${port}`, listening()))
  await new Promise((resolve) => server.close(resolve))
  assert.ok(!isTaken(`${host}:${port}`, listening()))
})
