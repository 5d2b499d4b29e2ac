import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConversationId } from '@chat4all/protocol'
import { restoredState, savedState } from '../client/saved-state.js'
import { CoreHarness } from '../testing/core-harness.js'
import { ModelServer } from '../testing/model-server.js'
import { PostRequest } from './requests.js'

const A = 'a' as ConversationId

/** A client that has been told the first two messages of a conversation. */
function begin() {
  const server = new ModelServer()
  const stored = server.create(A)
  const harness = new CoreHarness(server)
  harness.connect()
  arrive(harness)
  server.post(stored, 'one')
  server.post(stored, 'two')
  arrive(harness)
  return { server, stored, harness }
}

/** Everything under way arrives, but for messages of the client. */
function arrive(harness: CoreHarness): void {
  const session = harness.server.session!
  while (session.outbound.length > 0 || session.inbound.some(({ t }) => t !== 'send')) {
    if (session.inbound[0]?.t === 'send') session.inbound.shift()
    else harness.server.step()
    harness.step()
  }
}

/** What the client claims in messages that it has handed to the present session. */
function claimed({ server }: CoreHarness): (number | undefined)[] {
  return server.session!.inbound.flatMap((frame) => (frame.t === 'send' ? [frame.seen] : []))
}

test('a message says how far its conversation was told when it was sent first, also when it is sent again', () => {
  const { server, stored, harness } = begin()
  harness.post(A)
  assert.deepEqual(claimed(harness), [2])
  harness.cut()
  server.post(stored, 'three')
  harness.connect()
  server.step()
  for (let frames = server.session!.outbound.length; frames > 0; frames--) harness.step()
  assert.deepEqual(claimed(harness), [2])
})

test('of a conversation that it does not know a client claims nothing', () => {
  const { harness } = begin()
  harness.post('b' as ConversationId)
  assert.deepEqual(claimed(harness), [undefined])
})

test('what the application may be repeating claims nothing', () => {
  const { server, harness } = begin()
  harness.post(A)
  const { post } = harness.core.pending()[0]!
  const repeated = new PostRequest({
    ...post,
    messageId: '00000000-0000-4000-8000-0000000000ff' as typeof post.messageId,
  })
  repeated.mayBeRepeat = true
  harness.core.request(repeated, server.now)
  assert.deepEqual(claimed(harness), [2, undefined])
})

test('when the server’s history begins anew, what was seen of the old one is claimed no more', () => {
  const { server, stored, harness } = begin()
  harness.post(A)
  harness.cut()
  stored.head = 1
  stored.messages.splice(1)
  harness.connect()
  arrive(harness)
  assert.equal(harness.core.pending()[0]?.seen, undefined)
  harness.cut()
  harness.connect()
  server.step()
  harness.step()
  assert.deepEqual(claimed(harness), [undefined])
})

test('the saved outbox keeps it; one that an older version saved knows none', () => {
  const { harness } = begin()
  harness.post(A)
  const saved = savedState(harness.core, 'd' as never)!
  assert.equal(saved.outbox[0]?.seen, 2)
  assert.equal(restoredState(saved).outbox[0]?.seen, 2)
  const { seen: _, ...older } = saved.outbox[0]!
  assert.equal(restoredState({ ...saved, outbox: [older] }).outbox[0]?.seen, undefined)
})
