import { appRights } from './apps.js'
import { conversationRights } from './conversations.js'
import { fileRights } from './files.js'
import type { Rows } from './row.js'
import { userRights } from './users.js'
import { webhookRights } from './webhooks.js'

/** Who may do what: a row for each endpoint. */
export const RIGHTS: Rows = {
  ...conversationRights,
  ...fileRights,
  ...webhookRights,
  ...userRights,
  ...appRights,
}
