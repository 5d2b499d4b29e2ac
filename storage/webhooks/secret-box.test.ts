import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { SEALING_KEY_BYTES } from '../sealed-bytes.js'
import { newWebhookSecret } from './secret.js'
import { SealedSecretError, secretBox } from './secret-box.js'

const [old, current] = [randomBytes(SEALING_KEY_BYTES), randomBytes(SEALING_KEY_BYTES)]
const secret = newWebhookSecret()

test('a sealed secret shows nothing of itself, is never written twice alike, and opens for whom it is', () => {
  const box = secretBox([current])
  const [one, two] = [box.seal(secret, 'shop/wh_1'), box.seal(secret, 'shop/wh_1')]
  assert.notEqual(one, two)
  assert.ok(!one.includes(secret.slice('whsec_'.length, 12)))
  assert.equal(box.open(one, 'shop/wh_1'), secret)
  assert.throws(() => box.open(one, 'shop/wh_2'), SealedSecretError)
})

test('a secret that was changed, or cut short, does not open', () => {
  const box = secretBox([current])
  const sealed = box.seal(secret, 'a')
  const [head, base64] = [sealed.slice(0, 'sealed:01234567:'.length), sealed.slice('sealed:01234567:'.length)]
  const bytes = Buffer.from(base64, 'base64')
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes)
    changed[at]! ^= 1
    assert.throws(() => box.open(head + changed.toString('base64'), 'a'), SealedSecretError)
  }
  for (const length of [1, 12, 27, 28, bytes.length - 1]) {
    assert.throws(() => box.open(head + bytes.subarray(0, length).toString('base64'), 'a'), SealedSecretError)
  }
})

test('keys rotate: the first seals, all open; one that is not there is named', () => {
  const sealed = secretBox([old]).seal(secret, 'a')
  const both = secretBox([current, old])
  assert.equal(both.open(sealed, 'a'), secret)
  assert.ok(both.isOutdated(sealed) && !both.isOutdated(both.seal(secret, 'a')))
  const id = sealed.split(':')[1]!
  for (const keys of [[], [current]]) {
    assert.throws(
      () => secretBox(keys).open(sealed, 'a'),
      new RegExp(`key ${id}, which is not in CHAT4ALL_SECRETS_KEY`),
    )
  }
})

test('without a key secrets are written as they are, and read so by those who have one', () => {
  const none = secretBox([])
  assert.equal(none.seal(secret, 'a'), secret)
  assert.equal(none.isOutdated(secret), false)
  const box = secretBox([current])
  assert.equal(box.open(secret, 'a'), secret)
  assert.ok(box.isOutdated(secret))
})
