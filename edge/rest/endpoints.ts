import { getConversation } from './conversations/get-conversation.js'
import { getConversations } from './conversations/get-conversations.js'
import { postConversations } from './conversations/post-conversations.js'
import { postMembers } from './conversations/post-members.js'
import type { Endpoint } from './endpoint.js'
import { getMessages } from './messages/get-messages.js'
import { postMessages } from './messages/post-messages.js'
import { postReceipts } from './messages/post-receipts.js'
import { postAuthToken } from './tokens/post-auth-token.js'

/** Every endpoint of the API: served, described and tested from this list. */
export const ENDPOINTS: readonly Endpoint[] = [
  postAuthToken,
  postConversations,
  getConversations,
  getConversation,
  postMembers,
  postReceipts,
  getMessages,
  postMessages,
]
