import {
  type ChangeFrame,
  type ConversationId,
  type MessageId,
  messageIdToBytes,
  type UserId,
} from '@chat4all/protocol'
import type { Identity } from '../../auth/port.js'
import type { RestServices } from '../services.js'

type What = Partial<Pick<ChangeFrame, 'add' | 'remove' | 'promote' | 'demote' | 'metadata' | 'erase' | 'forget'>>

/**
 * A change that may be asked for again and again with the same outcome, and so needs no message_id of the client. A
 * service writes under its own name: every client_id has the form of a user id.
 */
export async function changeConversation(
  { requests, ids }: RestServices,
  { app, user }: Identity,
  conversation: string,
  what: What,
): Promise<void> {
  await requests.change({
    t: 'change',
    app,
    conversation: conversation as ConversationId,
    message_id: messageIdToBytes(ids.newMessageId() as MessageId),
    by: user ?? (app as string as UserId),
    service: user === undefined,
    add: [],
    remove: [],
    ...what,
  })
}
