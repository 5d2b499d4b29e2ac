import {
  Chat4AllError,
  type ConversationId,
  type MessageId,
  type Millis,
  messageIdToBytes,
  type Seq,
  type UserId,
} from '@chat4all/protocol'
import type { postMessageBody } from '@chat4all/protocol/rest'
import type { FileId } from '@chat4all/storage'
import type { z } from 'zod'
import type { Identity } from '../../auth/port.js'
import { actingUser } from '../admission/acting-user.js'
import type { RestServices } from '../services.js'
import { checkFits, encodeExtras, encodePayload } from './encode-message.js'

export type MessageToPost = z.output<typeof postMessageBody>

export interface Poster {
  readonly identity: Identity
  /** W3C traceparent of the client, if it sent a good one. */
  readonly trace: string | undefined
}

/**
 * Posts one message, whatever version of the API it came by. Resolves when it is stored.
 * @throws Chat4AllError
 */
export async function postMessage(
  message: MessageToPost,
  { identity, trace }: Poster,
  { requests, files }: Pick<RestServices, 'requests' | 'files'>,
): Promise<{ readonly seq: Seq; readonly time: Millis }> {
  const { message_id, conversation_id, to, channels, metadata, ttl } = message
  const payload = encodePayload(message.payload)
  const extras = encodeExtras({ to: to as UserId[] | undefined, channels, metadata })
  checkFits(payload, extras)
  const from = actingUser(identity, message.from, '/from')
  const conversation = conversation_id as ConversationId
  if (message.payload.type === 'file' && files !== undefined) {
    const { app, user } = identity
    const isTheirs = await files.post({ app, user }, message.payload.file_id as FileId, conversation)
    if (!isTheirs) throw new Chat4AllError('NOT_FOUND', `There is no file ${message.payload.file_id} to post.`)
  }
  return requests.post({
    t: 'post',
    app: identity.app,
    conversation,
    message_id: messageIdToBytes(message_id as MessageId),
    from,
    payload,
    ...(ttl !== undefined && { ttl }),
    ...(extras !== undefined && { extras }),
    ...(trace !== undefined && { trace }),
  })
}
