import type { ChangeFrame, ClientFrame, OpenFrame, PostFrame } from '@chat4all/protocol'
import { groupConversationId, privateConversationId } from './conversation-ids.js'
import type { LocalUser } from './local-user.js'
import type { Asked } from './pipelines.js'

type Frame<Name extends ClientFrame['t']> = Extract<ClientFrame, { t: Name }>
/** The frames with a cseq: what a client asks an owner to do. */
export type Numbered = Frame<'send' | 'create' | 'members'>
type Author = Pick<LocalUser, 'app' | 'id'>

/**
 * What a client's frame asks of an owner, in the name of the user that its token speaks for; whatever else the client
 * says of itself is not looked at. A text instead: why it makes no sense.
 */
export function requestOf(
  frame: Numbered,
  author: Author,
  hash: (text: string) => string,
): Asked<PostFrame> | Asked<ChangeFrame> | Asked<OpenFrame> | string {
  switch (frame.t) {
    case 'send':
      return postOf(frame, author)
    case 'members':
      return changeOf(frame, author)
    case 'create':
      return openOf(frame, author, hash)
  }
}

/** The hot one: one object, fields added where they are there. */
function postOf(frame: Frame<'send'>, { app, id }: Author): Asked<PostFrame> {
  const { conversation, message_id, payload, ttl, extras, trace, seen } = frame
  const post: Asked<PostFrame> = { t: 'post', app, conversation, message_id, from: id, payload }
  if (seen !== undefined) post.seen = seen
  if (ttl !== undefined) post.ttl = ttl
  if (extras !== undefined) post.extras = extras
  if (trace !== undefined) post.trace = trace
  return post
}

function changeOf(frame: Frame<'members'>, { app, id }: Author): Asked<ChangeFrame> | string {
  const { conversation, message_id, add, remove, seen, promote, demote } = frame
  const users = add.length + remove.length + (promote?.length ?? 0) + (demote?.length ?? 0)
  if (users === 0) return 'nobody to add or remove, and nobody whose role is to change'
  const change: Asked<ChangeFrame> = { t: 'change', app, conversation, message_id, by: id, service: false, add, remove }
  if (seen !== undefined) change.seen = seen
  if (promote !== undefined) change.promote = promote
  if (demote !== undefined) change.demote = demote
  return change
}

function openOf(
  frame: Frame<'create'>,
  { app, id }: Author,
  hash: (text: string) => string,
): Asked<OpenFrame> | string {
  const members = [...new Set([id, ...frame.members])]
  const isPrivate = frame.type === 'private'
  if (isPrivate && members.length !== 2) return 'a private conversation has exactly two distinct members'
  return {
    t: 'open',
    app,
    conversation: isPrivate
      ? privateConversationId(hash, app, members[0]!, members[1]!)
      : groupConversationId(hash, app, id, frame.message_id),
    type: frame.type,
    members,
    admins: isPrivate ? [] : [id],
    as: id,
    ...(frame.metadata !== undefined && { metadata: frame.metadata }),
    ...(frame.ttl !== undefined && { ttl: frame.ttl }),
  }
}
