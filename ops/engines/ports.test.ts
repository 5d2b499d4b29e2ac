import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseBlock, portIn } from './ports.js'

test('a checkout keeps to the same block, and another has another', () => {
  const first = chooseBlock('checkout-of-ann/chat4all/.engines', [])
  assert.equal(chooseBlock('checkout-of-ann/chat4all/.engines', []), first)
  assert.notEqual(chooseBlock('checkout-of-bob/chat4all/.engines', []), first)
})

test('a block in which somebody listens is not chosen', () => {
  const first = chooseBlock('/a/.engines', [])
  const second = chooseBlock('/a/.engines', [`127.0.0.1:${first + 39}`])
  assert.ok(Math.abs(second - first) >= 40)
  assert.notEqual(chooseBlock('/a/.engines', [`127.0.0.1:${first}`, `127.0.10.1:${second}`]), second)
})

test('ports lie below those that the system gives to clients', () => {
  for (let i = 0; i < 500; i++) {
    const first = chooseBlock(`/checkout/${i}`, [])
    assert.ok(first >= 11_000 && first + 40 <= 20_000, String(first))
  }
})

test('when every block is used, that is said', () => {
  const all = Array.from({ length: 9000 }, (_, index) => `127.0.0.1:${11_000 + index}`)
  assert.throws(() => chooseBlock('/a', all), /no block of 40 free ports/)
})

test('every name has a port of its own, unless somebody wants it elsewhere', () => {
  const names = ['redis-1', 'redis-bus-1', 'kafka', 'cassandra', 'consul', 's3', 'toxiproxy', 'nomad', 'alertmanager']
  const ports = names.map((name) => portIn({ first: 12_000 }, name))
  assert.equal(new Set(ports).size, names.length)
  assert.ok(ports.every((port) => port >= 12_000 && port < 12_040))
  assert.equal(portIn({ first: 12_000, ports: { kafka: 9092 } }, 'kafka'), 9092)
  assert.throws(() => portIn({ first: 12_000 }, 'kafca'), /no port is called kafca/)
})
