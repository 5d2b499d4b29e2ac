import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConversationId, ConversationInfo, Millis, Seq, UserId } from '@chat4all/protocol'
import { Conversation } from './conversation.js'
import type { Message } from './message.js'
import { Sequence } from './sequence.js'

const [ann, bob, cid] = ['ann', 'bob', 'cid'] as UserId[]

function group(...users: (UserId | undefined)[]): Conversation {
  const conversation = new Conversation('g' as ConversationId, new Sequence(0 as Seq, false))
  conversation.update(info(users), undefined)
  return conversation
}

function info(users: (UserId | undefined)[], head = 0): ConversationInfo {
  return {
    conversation: 'g' as ConversationId,
    type: users.length === 2 ? 'private' : 'group',
    head: head as Seq,
    first: 1 as Seq,
    member_count: users.length,
    delivered: 0 as Seq,
    read: 0 as Seq,
    created: 0 as Millis,
    members: users.map((user) => ({ user: user!, role: 'member', delivered: 0 as Seq, read: 0 as Seq })),
  }
}

function tell(conversation: Conversation, seq: number, from: UserId, payload: Message['payload']): void {
  conversation.sequence.rise(seq as Seq)
  const message = { seq, from, own: from === ann, time: seq, payload } as unknown as Message
  conversation.noteMessage(message)
}
const text = { type: 'text', text: 'x' } as const

test('a message is delivered, and read, when every other member has it, has read it; the counts tell how many', () => {
  const conversation = group(ann, bob, cid)
  const status = () => {
    const { state, deliveredTo, readBy, others } = conversation.statusOf(3 as Seq, ann)
    return `${state} ${deliveredTo}/${readBy} of ${others}`
  }
  assert.equal(status(), 'sent 0/0 of 2')
  conversation.noteReceipts(bob!, 3 as Seq, 3 as Seq)
  assert.equal(status(), 'sent 1/1 of 2')
  conversation.noteReceipts(cid!, 4 as Seq, 2 as Seq)
  assert.equal(status(), 'delivered 2/1 of 2')
  conversation.noteReceipts(cid!, 4 as Seq, 4 as Seq)
  conversation.noteReceipts(cid!, 1 as Seq, 1 as Seq)
  assert.equal(status(), 'read 2/2 of 2', 'a receipt that came late changes nothing')
})

test('who writes has read what was there; a read receipt from another device clears the rest', () => {
  const conversation = group(ann, bob)
  tell(conversation, 1, bob!, text)
  tell(conversation, 2, ann!, text)
  tell(conversation, 3, bob!, text)
  assert.equal(conversation.view(ann)!.unread, 1)
  conversation.noteOwnReceipts(3 as Seq, 3 as Seq)
  assert.equal(conversation.view(ann)!.unread, 0)
})

test('members follow the messages of membership that are newer than what the server listed', () => {
  const conversation = group(ann, bob)
  tell(conversation, 1, ann!, { type: 'membership', added: [cid!], removed: [bob!] })
  assert.deepEqual(
    conversation.view(ann)!.members!.map(({ user }) => user),
    [ann, cid],
  )
  conversation.update(info([ann, cid], 5), undefined)
  tell(conversation, 4, ann!, { type: 'membership', added: [bob!], removed: [] })
  assert.equal(conversation.view(ann)!.memberCount, 2)
})

test('roles and labels follow the messages that change them', () => {
  const conversation = group(ann, bob)
  const before = conversation.view(ann)!
  tell(conversation, 1, ann!, {
    type: 'membership',
    added: [],
    removed: [],
    promoted: [bob!],
    metadata: { topic: 'tea' },
  })
  const after = conversation.view(ann)!
  assert.deepEqual([before.members![1]!.role, after.members![1]!.role], ['member', 'admin'])
  assert.deepEqual([before.metadata, after.metadata], [{}, { topic: 'tea' }])
  tell(conversation, 2, ann!, { type: 'membership', added: [], removed: [], demoted: [bob!] })
  assert.equal(conversation.view(ann)!.members![1]!.role, 'member')
})

test('a view is a snapshot: the same object until something changes, and never changed afterwards', () => {
  const conversation = group(ann, bob)
  const before = conversation.view(ann)!
  assert.equal(conversation.view(ann), before)
  conversation.noteReceipts(bob!, 1 as Seq, 1 as Seq)
  assert.equal(before.members![1]!.read, 0)
  assert.equal(conversation.view(ann)!.members![1]!.read, 1)
  assert.equal(before.peer, bob)
})
