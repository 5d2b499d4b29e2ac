import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientAddressBehind, countedAddress } from './client-address.js'

test('without trusted proxies the peer is the client, whatever it says', () => {
  assert.equal(clientAddressBehind([])('203.0.113.9', '198.51.100.1'), '203.0.113.9')
})

test('a peer that is no trusted proxy is the client, whatever it says', () => {
  assert.equal(clientAddressBehind(['10.0.0.0/8'])('203.0.113.9', '198.51.100.1'), '203.0.113.9')
})

test('behind trusted proxies the client is the last that none of them is; what it made up itself is not looked at', () => {
  const clientOf = clientAddressBehind(['10.0.0.0/8', 'fd00::/8'])
  assert.equal(clientOf('10.0.0.1', '198.51.100.1'), '198.51.100.1')
  assert.equal(clientOf('10.0.0.1', '1.1.1.1, 2.2.2.2, 198.51.100.1, 10.0.0.7'), '198.51.100.1')
  assert.equal(clientOf('fd00::1', '2001:db8::5, 10.1.1.1'), '2001:db8::5')
  assert.equal(clientOf('10.0.0.1', null), '10.0.0.1')
  assert.equal(clientOf('10.0.0.1', '10.0.0.2,10.0.0.3'), '10.0.0.2')
  assert.equal(clientOf('', '198.51.100.1'), '')
})

test('an entry that is no address ends the reading: what lies before it nobody vouches for', () => {
  const clientOf = clientAddressBehind(['10.0.0.0/8'])
  assert.equal(clientOf('10.0.0.1', '198.51.100.1, unknown, 10.0.0.7'), '10.0.0.7')
  assert.equal(clientOf('10.0.0.1', 'unknown'), '10.0.0.1')
  assert.equal(clientOf('10.0.0.1', ''), '10.0.0.1')
  assert.equal(clientOf('10.0.0.1', `198.51.100.1${',10.0.0.2'.repeat(1_000)}`), '10.0.0.2')
})

test('ports, brackets, zones and mapped addresses are read', () => {
  const clientOf = clientAddressBehind(['10.0.0.0/8'])
  for (const [written, address] of [
    ['198.51.100.1:4711', '198.51.100.1'],
    ['[2001:db8::5]:4711', '2001:db8::5'],
    ['[2001:db8::5]', '2001:db8::5'],
    ['::ffff:198.51.100.1', '198.51.100.1'],
    ['fe80::1%eth0', 'fe80::1'],
  ] as const) {
    assert.equal(clientOf('10.0.0.1', written), address)
  }
})

test('an IPv4 address counts for itself, an IPv6 address with all of its network', () => {
  assert.equal(countedAddress('198.51.100.1'), '198.51.100.1')
  for (const address of ['2001:db8::5', '2001:0db8:0:0:ffff::', '2001:db8:0:0:1:2:3:4']) {
    assert.equal(countedAddress(address), '2001:db8:0:0::/64')
  }
  assert.equal(countedAddress('::1'), '0:0:0:0::/64')
  assert.notEqual(countedAddress('2001:db8:0:1::5'), countedAddress('2001:db8::5'))
  assert.equal(countedAddress(''), '')
})
