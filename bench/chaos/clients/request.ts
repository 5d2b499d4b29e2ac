import {
  type ConversationId,
  type Cseq,
  type MessageId,
  messageIdToBytes,
  payload as payloadShape,
  type Seq,
  type UserId,
  Writer,
} from '@chat4all/protocol'
import { contentDigest } from '../history/content-digest.js'

/** What a device asks to be committed, kept until it is answered: the same bytes under the same message_id each time. */

const writer = new Writer()

export interface TextRequest {
  readonly kind: 'text'
  readonly conversation: string
  readonly id: string
  readonly user: string
  readonly text: string
}

export interface MembersRequest {
  readonly kind: 'members'
  readonly conversation: string
  readonly id: string
  readonly user: string
  readonly add: readonly string[]
  readonly remove: readonly string[]
}

export type Request = TextRequest | MembersRequest

/** Undefined: the server decides what the change comes to. */
export function digestOf(request: Request): string | undefined {
  return request.kind === 'text' ? contentDigest(request.user, 'text', request.text) : undefined
}

/** The frame of a request, as this session's cseq-th. */
export function frameOf(request: Request, cseq: number, seen: number | undefined) {
  const common = {
    cseq: cseq as Cseq,
    conversation: request.conversation as ConversationId,
    message_id: messageIdToBytes(request.id as MessageId),
    ...(seen !== undefined && { seen: seen as Seq }),
  }
  if (request.kind === 'members') {
    return { t: 'members', ...common, add: request.add as UserId[], remove: request.remove as UserId[] } as const
  }
  payloadShape.write(writer, { type: 'text', text: request.text })
  return { t: 'send', ...common, payload: writer.take() } as const
}
