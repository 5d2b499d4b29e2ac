import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppId } from '@chat4all/protocol'
import type { Identity } from './port.js'
import { VerifiedTokens } from './verified-tokens.js'

const identity: Identity = { app: 'demo' as AppId, user: undefined, expires: 1 }

test('remembers up to its bound and forgets the oldest', () => {
  const tokens = new VerifiedTokens(3)
  for (const token of ['a', 'b', 'c', 'd']) tokens.add(token, identity)
  assert.equal(tokens.size, 3)
  assert.equal(tokens.get('a'), undefined)
  assert.equal(tokens.get('d'), identity)
})
