import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppId, ConversationId, Cseq, Seq, UserId } from '@chat4all/protocol'
import { type Numbered, requestOf } from './client-requests.js'

const ANN = { app: 'demo' as AppId, id: 'ann' as UserId }
const hash = () => assert.fail('nothing is hashed')
const message_id = new Uint8Array(16)

const members = (change: object) =>
  ({
    t: 'members',
    cseq: 1 as Cseq,
    conversation: 'g' as ConversationId,
    message_id,
    add: [],
    remove: [],
    ...change,
  }) as Numbered

test('a change of members and roles is asked for in the name of the session’s user, with no rights of a service', () => {
  const change = { add: ['bob'], remove: ['cid'], promote: ['bob'], demote: ['dan'], seen: 7 as Seq }
  assert.deepEqual(requestOf(members({ ...change, by: 'eve', service: true }), ANN, hash), {
    t: 'change',
    app: 'demo',
    conversation: 'g',
    message_id,
    by: 'ann',
    service: false,
    ...change,
  })
})

test('roles alone may change; a change of nothing makes no sense', () => {
  assert.equal(typeof requestOf(members({ promote: ['bob'] }), ANN, hash), 'object')
  assert.equal(typeof requestOf(members({ demote: ['bob'] }), ANN, hash), 'object')
  assert.match(requestOf(members({ promote: [] }), ANN, hash) as string, /nobody/)
})
