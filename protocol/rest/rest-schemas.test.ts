import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TEXT_BYTES_MAX } from '../limits.js'
import { USER_ID } from '../schema/parts.js'
import {
  changeMembersBody,
  createConversationBody,
  createUserBody,
  findIdentityQuery,
  pageQuery,
  postMessageBody,
  receiptsBody,
} from './index.js'

const post = {
  message_id: '0d9f8c1e-6a1b-4d0e-9d5f-2b7c3a4e5f60',
  conversation_id: 'c1',
  payload: { type: 'text', text: 'hello' },
}

test('fields that the schema does not know are ignored', () => {
  const body = postMessageBody.parse({ ...post, colour: 'red', payload: { ...post.payload, bold: true } })
  assert.deepEqual(body, post)
})

test('a message_id in capitals is the same message_id', () => {
  assert.equal(
    postMessageBody.parse({ ...post, message_id: post.message_id.toUpperCase() }).message_id,
    post.message_id,
  )
})

test('labels may be numbers and booleans and are kept as text', () => {
  const { metadata } = postMessageBody.parse({ ...post, metadata: { priority: 5, urgent: true, tag: 'x' } })
  assert.deepEqual(metadata, { priority: '5', urgent: 'true', tag: 'x' })
})

test('a text is measured in bytes, not in characters', () => {
  const ofLength = (text: string) => postMessageBody.safeParse({ ...post, payload: { type: 'text', text } }).success
  assert.equal(ofLength('a'.repeat(TEXT_BYTES_MAX)), true)
  assert.equal(ofLength('a'.repeat(TEXT_BYTES_MAX + 1)), false)
  assert.equal(ofLength('é'.repeat(TEXT_BYTES_MAX / 2)), true)
  assert.equal(ofLength('é'.repeat(TEXT_BYTES_MAX / 2 + 1)), false)
  assert.equal(ofLength('😀'.repeat(TEXT_BYTES_MAX / 4)), true)
  assert.equal(ofLength('😀'.repeat(TEXT_BYTES_MAX / 4 + 1)), false)
})

test('numbers in a query string are digits, nothing else', () => {
  for (const bad of ['', ' 5', '5 ', '-1', '1e3', '0x10', '1.5', 'NaN', '99999999999999999']) {
    assert.equal(pageQuery.safeParse({ since: bad }).success, false, `since=${bad}`)
  }
  assert.deepEqual(pageQuery.parse({ since: '0', limit: '500' }), { since: 0, limit: 500 })
  assert.equal(pageQuery.safeParse({ limit: '501' }).success, false)
})

test('a request that would change nothing is refused', () => {
  assert.equal(receiptsBody.safeParse({}).success, false)
  assert.equal(changeMembersBody.safeParse({ add: [], remove: [] }).success, false)
})

test('no user and no address is called as a step of a path, which no URL could name', () => {
  for (const step of ['.', '..']) {
    assert.equal(createUserBody.safeParse({ user_id: step }).success, false)
    assert.equal(createConversationBody.safeParse({ type: 'group', members: [step] }).success, false)
    assert.equal(findIdentityQuery.safeParse({ channel: 'email', address: step }).success, false)
  }
  for (const name of ['...', '.a', 'a.', '..a', 'a..b', '.'.repeat(128), `..${'a'.repeat(126)}`, 'a'.repeat(128)]) {
    assert.equal(createUserBody.safeParse({ user_id: name }).success, true, name)
    assert.equal(new URL(`http://host/users/${name}`).pathname, `/users/${name}`)
    assert.equal(findIdentityQuery.safeParse({ channel: 'email', address: name }).success, true, name)
  }
  for (const long of ['a'.repeat(129), `.${'a'.repeat(128)}`, '.'.repeat(129)]) {
    assert.equal(createUserBody.safeParse({ user_id: long }).success, false)
  }
})

test('user ids are those of the frames', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(USER_ID)), (user) => {
      assert.equal(postMessageBody.safeParse({ ...post, from: user }).success, USER_ID.test(user))
    }),
  )
})
