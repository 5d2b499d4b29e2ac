import assert from 'node:assert/strict'
import { isIPv6 } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { remoteAddressText } from './remote-address.js'

const text = (...bytes: number[]) => remoteAddressText(new Uint8Array(bytes).buffer)

test('IPv4, plain or mapped into IPv6, reads the same', () => {
  assert.equal(text(127, 0, 0, 1), '127.0.0.1')
  assert.equal(text(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1), '127.0.0.1')
})

test('an address that the socket no longer knows is empty', () => {
  assert.equal(text(), '')
})

test('IPv6 reads as everybody writes it', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(0, 0, 1, 0xdb8, 0xffff), { minLength: 8, maxLength: 8 }), (groups) => {
      const written = text(...groups.flatMap((group) => [group >> 8, group & 255]))
      if (written.includes('.')) return
      assert.ok(isIPv6(written), written)
      // The URL parser writes addresses by RFC 5952.
      const long = groups.map((group) => group.toString(16)).join(':')
      assert.equal(`[${written}]`, new URL(`http://[${long}]/`).hostname)
    }),
  )
})
