import type { Endpoint } from './endpoint.js'
import { getConversation } from './get-conversation.js'
import { getConversations } from './get-conversations.js'
import { getMessages } from './get-messages.js'
import { postAuthToken } from './post-auth-token.js'
import { postConversations } from './post-conversations.js'
import { postMembers } from './post-members.js'
import { postMessages } from './post-messages.js'
import { postReceipts } from './post-receipts.js'

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
