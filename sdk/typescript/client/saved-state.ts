import type { ConversationId, DeviceId, MessageId, Seq } from '@chat4all/protocol'
import type { ClientCore, CoreState } from '../core/client-core.js'
import { PostRequest } from '../core/requests.js'
import { fromBase64, toBase64 } from './base64.js'
import type { SavedCursor, SavedRequest, SavedState } from './storage.js'

/** What to keep of the core; undefined as long as nobody knows whose state it is. */
export function savedState(core: ClientCore, device: DeviceId | undefined): SavedState | undefined {
  const { user, began } = core.inbox
  if (user === undefined || began === undefined || device === undefined) return undefined
  const cursors: { [conversation: string]: SavedCursor } = {}
  for (const { id, sequence, read } of core.inbox.all()) cursors[id] = { seq: sequence.cursor, read }
  return { version: 1, user, device, began, cursors, outbox: core.pending().map(savedRequest) }
}

function savedRequest({ post, seen }: PostRequest): SavedRequest {
  const { conversation, messageId, payload, extras, ttl, trace, createdAt } = post
  return {
    conversation,
    messageId,
    payload: toBase64(payload),
    createdAt,
    ...(extras !== undefined && { extras: toBase64(extras) }),
    ...(ttl !== undefined && { ttl }),
    ...(trace !== undefined && { trace }),
    ...(seen !== undefined && { seen }),
  }
}

/** @throws Error when the state was saved by another version. */
export function restoredState(saved: SavedState): CoreState {
  if (saved.version !== 1) throw new Error(`The saved state has version ${saved.version}: this SDK reads version 1.`)
  return {
    user: saved.user,
    began: saved.began,
    cursors: Object.entries(saved.cursors).map(([conversation, { seq, read }]) => ({ conversation, seq, read })),
    outbox: saved.outbox.map(restoredRequest),
  }
}

function restoredRequest(saved: SavedRequest): PostRequest {
  const { conversation, messageId, payload, extras, ttl, trace, createdAt, seen } = saved
  const request = new PostRequest({
    conversation: conversation as ConversationId,
    messageId: messageId as MessageId,
    payload: fromBase64(payload),
    createdAt,
    ...(extras !== undefined && { extras: fromBase64(extras) }),
    ...(ttl !== undefined && { ttl }),
    ...(trace !== undefined && { trace }),
  })
  request.seen = seen as Seq | undefined
  return request
}
