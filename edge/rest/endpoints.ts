import { APP_ENDPOINTS } from './apps/index.js'
import { deleteConversation } from './conversations/delete-conversation.js'
import { deleteMember } from './conversations/delete-member.js'
import { getConversation } from './conversations/get-conversation.js'
import { getConversations } from './conversations/get-conversations.js'
import { getMembers } from './conversations/get-members.js'
import { patchConversation } from './conversations/patch-conversation.js'
import { postConversations } from './conversations/post-conversations.js'
import { postMembers } from './conversations/post-members.js'
import { putMember } from './conversations/put-member.js'
import type { Endpoint } from './endpoint.js'
import { getEvents } from './event-stream/get-events.js'
import { deleteFile } from './files/delete-file.js'
import { getFile } from './files/get-file.js'
import { getFileContent } from './files/get-file-content.js'
import { getFileParts } from './files/get-file-parts.js'
import { postFileParts } from './files/post-file-parts.js'
import { postFilesComplete } from './files/post-files-complete.js'
import { postFilesInitiate } from './files/post-files-initiate.js'
import { getMessage } from './messages/get-message.js'
import { getMessages } from './messages/get-messages.js'
import { postMessages } from './messages/post-messages.js'
import { postReceipts } from './messages/post-receipts.js'
import { postV2Messages } from './messages/post-v2-messages.js'
import { postAuthToken } from './tokens/post-auth-token.js'
import { USER_ENDPOINTS } from './users/index.js'
import { WEBHOOK_ENDPOINTS } from './webhooks/index.js'

/** Every endpoint of the API: served, described and tested from this list. */
export const ENDPOINTS: readonly Endpoint[] = [
  postAuthToken,
  postConversations,
  getConversations,
  getConversation,
  patchConversation,
  deleteConversation,
  getMembers,
  postMembers,
  putMember,
  deleteMember,
  postReceipts,
  getMessages,
  getMessage,
  postMessages,
  postV2Messages,
  postFilesInitiate,
  getFileParts,
  postFileParts,
  postFilesComplete,
  getFile,
  getFileContent,
  deleteFile,
  getEvents,
  ...USER_ENDPOINTS,
  ...APP_ENDPOINTS,
  ...WEBHOOK_ENDPOINTS,
]
