import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { openBytes, SEALING_KEY_BYTES, sealBytes } from './sealed-bytes.js'

const key = randomBytes(SEALING_KEY_BYTES)

test('what was sealed opens with the same key, about the same thing', () => {
  for (const text of ['', 'Größe 1', 'x'.repeat(100_000)]) {
    assert.equal(openBytes(key, sealBytes(key, text)), text)
    assert.equal(openBytes(key, sealBytes(key, text, 'a'), 'a'), text)
  }
})

test('the same text is never sealed twice to the same bytes, and cannot be seen in them', () => {
  const [one, other] = [sealBytes(key, 'a secret'), sealBytes(key, 'a secret')]
  assert.notDeepEqual(one, other)
  assert.equal(one.includes('a secret'), false)
})

test('another key, another thing, a changed or a missing byte: it does not open', () => {
  const sealed = sealBytes(key, 'a secret', 'a')
  assert.throws(() => openBytes(randomBytes(SEALING_KEY_BYTES), sealed, 'a'))
  assert.throws(() => openBytes(key, sealed, 'b'))
  for (let i = 0; i < sealed.length; i++) {
    const changed = Buffer.from(sealed)
    changed[i]! ^= 1
    assert.throws(() => openBytes(key, changed, 'a'), `byte ${i}`)
    assert.throws(() => openBytes(key, sealed.subarray(0, i), 'a'), `${i} bytes`)
  }
})
