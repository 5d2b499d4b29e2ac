import { z } from 'zod'
import { MEMBERS_CHANGED_MAX, MEMBERS_LISTED_MAX } from '../limits.js'
import { messageAnswer } from './messages.js'
import {
  conversationId,
  messageId,
  metadata,
  metadataInput,
  moment,
  queryNumber,
  seqNumber,
  timeToLive,
  userId,
} from './scalars.js'

/** Bodies of /v1/conversations and of what lies below it, but for messages. */

export const conversationType = z
  .enum(['private', 'group'])
  .meta({ id: 'ConversationType', description: 'private: two members for ever; group: members come and go.' })

export const createConversationBody = z
  .object({
    type: conversationType,
    members: z.array(userId).max(MEMBERS_CHANGED_MAX).meta({
      description: 'The user of a user token is a member without being named. Private: two different users in all.',
    }),
    admins: z.array(userId).max(MEMBERS_CHANGED_MAX).optional().meta({
      description: 'Members of a group that may add and remove others. The user of a user token is always one.',
    }),
    metadata: metadataInput.optional(),
    message_id: messageId.optional().meta({
      description: 'Makes creating a group repeatable: the same id gives the same group. Private ones always are.',
    }),
    ttl: timeToLive.optional().meta({ description: 'Seconds that messages live, unless they say otherwise.' }),
  })
  .meta({ id: 'CreateConversationBody' })

const role = z.enum(['member', 'admin']).meta({
  id: 'Role',
  description: 'admin: may add and remove others, change their roles, and the labels of the conversation.',
})

const memberAnswer = z
  .object({
    user: userId,
    role,
    delivered: seqNumber.meta({ description: 'Everything up to this seq is on a device of the member.' }),
    read: seqNumber.meta({ description: 'The member has read everything up to this seq.' }),
  })
  .meta({ id: 'Member' })

export const conversationAnswer = z
  .object({
    conversation_id: conversationId,
    type: conversationType,
    member_count: z.int().min(0),
    members: z
      .array(memberAnswer)
      .optional()
      .meta({ description: `Left out in groups of over ${MEMBERS_LISTED_MAX} members.` }),
    metadata,
    head_seq: seqNumber.meta({ description: 'Highest seq; 0: no message yet.' }),
    first_seq: seqNumber.meta({ description: 'Lowest seq that still exists.' }),
    delivered: seqNumber.meta({ description: 'Cursor of the user who asks; 0 for a service token.' }),
    read: seqNumber.meta({ description: 'Cursor of the user who asks; 0 for a service token.' }),
    created: moment,
    ttl: timeToLive.optional(),
    last_message: messageAnswer.optional(),
  })
  .meta({ id: 'Conversation' })

export const listConversationsQuery = z.object({
  user: userId.optional().meta({
    description: 'Whose conversations. A service token must name it; a user token may only name its own user.',
  }),
  limit: queryNumber(1, 1000, 'Conversations in one page; 100 unless given.').optional(),
  cursor: z
    .string()
    .max(256)
    .optional()
    .meta({ description: 'From `next` of the page before; has no meaning to clients.' }),
})

export const conversationListAnswer = z
  .object({
    conversations: z.array(conversationAnswer).meta({ description: 'The latest active first.' }),
    next: z.string().nullable().meta({ description: 'Address of the next page; null: this is the last.' }),
  })
  .meta({ id: 'ConversationList' })

export const changeConversationBody = z
  .object({ metadata: metadataInput.meta({ description: 'Takes the place of all labels of before.' }) })
  .meta({ id: 'ChangeConversationBody' })

export const listMembersQuery = z.object({
  limit: queryNumber(1, 1000, 'Members in one page; 100 unless given.').optional(),
  cursor: userId.optional().meta({ description: 'From `next` of the page before.' }),
})

export const memberListAnswer = z
  .object({
    members: z.array(memberAnswer).meta({ description: 'In the order of their ids.' }),
    next: z.string().nullable().meta({ description: 'Address of the next page; null: this is the last.' }),
  })
  .meta({ id: 'MemberList' })

export const memberParams = z.object({ conversation_id: conversationId, user_id: userId })

export const putMemberBody = z.object({ role }).meta({ id: 'PutMemberBody' })

export const conversationParams = z.object({ conversation_id: conversationId })

const changedMembers = z.array(userId).max(MEMBERS_CHANGED_MAX)

export const changeMembersBody = z
  .object({
    add: changedMembers.optional(),
    remove: changedMembers.optional().meta({ description: 'A user that removes itself leaves.' }),
    message_id: messageId.optional().meta({ description: 'Makes the request repeatable; random unless given.' }),
    from: userId.optional().meta({
      description:
        'In whose name it is written in the conversation. A user token may only name its own user; ' +
        'a service token that names nobody writes under its client_id.',
    }),
  })
  .refine((body) => (body.add?.length ?? 0) + (body.remove?.length ?? 0) > 0, {
    message: 'Name at least one user in add or remove',
  })
  .meta({ id: 'ChangeMembersBody' })

export const receiptsBody = z
  .object({
    delivered: seqNumber.optional(),
    read: seqNumber.optional().meta({ description: 'What was read was also delivered.' }),
    user: userId.optional().meta({
      description: 'Whose cursors. A service token must name it; a user token may only name its own user.',
    }),
  })
  .refine((body) => body.delivered !== undefined || body.read !== undefined, {
    message: 'Give delivered, read, or both',
  })
  .meta({ id: 'ReceiptsBody', description: 'Cursors move forward only: a lower value changes nothing.' })

export type CreateConversationBody = z.input<typeof createConversationBody>
export type ConversationAnswer = z.output<typeof conversationAnswer>
export type MemberListAnswer = z.output<typeof memberListAnswer>
export type ConversationListAnswer = z.output<typeof conversationListAnswer>
export type ChangeMembersBody = z.input<typeof changeMembersBody>
export type ReceiptsBody = z.input<typeof receiptsBody>
