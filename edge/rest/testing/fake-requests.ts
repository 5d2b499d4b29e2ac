import {
  type Answer,
  type AppId,
  type ChangeFrame,
  Chat4AllError,
  type ConversationId,
  type ConversationInfo,
  ERASED_USER,
  type Extras,
  extras,
  MEMBERS_LISTED_MAX,
  type Message,
  type Millis,
  message,
  messageIdFromBytes,
  millis,
  type PostFrame,
  payload,
  Reader,
  type Seq,
  type StoredPayload,
  seq,
  type UserId,
  Writer,
} from '@chat4all/protocol'
import type { Requests } from '../../requests.js'

/** Owners in memory, for tests: the rules of shard-node/core as far as REST sees them, without slots and without logs. */
export interface FakeRequests extends Requests {
  /** Everything that was asked, in order. */
  readonly asked: unknown[]
  /** Messages up to this seq have expired. */
  expire(conversation: ConversationId, upto: number): void
  /** What the next request fails with. */
  failNext(fault: Error): void
}

interface FakeConversation {
  readonly app: AppId
  readonly id: ConversationId
  readonly type: 'private' | 'group'
  readonly created: Millis
  metadata: Record<string, string> | undefined
  readonly ttl: number | undefined
  readonly members: Map<UserId, { role: 'member' | 'admin'; delivered: Seq; read: Seq }>
  readonly everMembers: Set<UserId>
  readonly messages: { readonly by: UserId; readonly asked: string; message: Message }[]
  first: Seq
}

export function fakeRequests(now: () => number): FakeRequests {
  const conversations = new Map<ConversationId, FakeConversation>()
  const asked: unknown[] = []
  let failure: Error | undefined

  const begin = (frame: unknown): void => {
    asked.push(frame)
    const fault = failure
    failure = undefined
    if (fault !== undefined) throw fault
  }
  const find = (app: AppId, id: ConversationId, user: UserId | undefined): FakeConversation => {
    const found = conversations.get(id)
    if (found === undefined || found.app !== app || (user !== undefined && !found.members.has(user))) {
      throw new Chat4AllError('NOT_FOUND')
    }
    return found
  }

  return {
    asked,
    expire(id, upto) {
      conversations.get(id)!.first = seq(upto + 1)
    },
    failNext(fault) {
      failure = fault
    },

    async post(frame) {
      begin(frame)
      const conversation = find(frame.app, frame.conversation, frame.from)
      const content = payload.read(new Reader(frame.payload))
      return append(conversation, frame, frame.from, content, hex(frame.payload), frame.extras)
    },

    async change(frame) {
      begin(frame)
      const conversation = find(frame.app, frame.conversation, frame.service ? undefined : frame.by)
      const { members } = conversation
      const { promote = [], demote = [], metadata, erase, forget } = frame
      const moves = frame.add.length + frame.remove.length + promote.length + demote.length > 0
      const isLeaving = frame.add.length === 0 && frame.remove.length === 1 && frame.remove[0] === frame.by
      const isLabelling = conversation.type === 'private' && !moves
      const isAdmin = members.get(frame.by)?.role === 'admin'
      const mayChange = frame.service || ((isLeaving || isLabelling || isAdmin) && !erase && forget === undefined)
      const wanted = JSON.stringify([frame.add, frame.remove, promote, demote, metadata, erase, forget])
      if (!mayChange) throw new Chat4AllError('FORBIDDEN', 'only an admin of the group adds and removes members')
      if (conversation.type === 'private' && moves)
        throw new Chat4AllError('INVALID', 'the members of a private one do not change')
      const added = frame.add.filter((user) => !members.has(user))
      const removed = frame.remove.filter((user) => members.has(user))
      const content: StoredPayload = {
        type: 'membership',
        added,
        removed,
        ...(promote.length > 0 && { promoted: promote }),
        ...(demote.length > 0 && { demoted: demote }),
        ...(metadata !== undefined && { metadata }),
        ...(forget !== undefined && { forgotten: forget }),
      }
      const done = append(conversation, frame, frame.by, content, wanted, undefined)
      for (const user of added) {
        members.set(user, { role: 'member', delivered: seq(0), read: seq(0) })
        conversation.everMembers.add(user)
      }
      for (const user of removed) members.delete(user)
      for (const user of promote) if (members.has(user)) members.get(user)!.role = 'admin'
      for (const user of demote) if (members.has(user)) members.get(user)!.role = 'member'
      if (metadata !== undefined) conversation.metadata = metadata
      if (forget !== undefined) forgetUser(conversation, forget)
      if (erase === true) conversations.delete(conversation.id)
      return done
    },

    async open(frame) {
      begin(frame)
      const existing = conversations.get(frame.conversation)
      if (existing !== undefined) {
        return { type: 'opened', info: infoFor(find(frame.app, existing.id, frame.as), frame.as), created: false }
      }
      const conversation: FakeConversation = {
        app: frame.app,
        id: frame.conversation,
        type: frame.type,
        created: millis(now()),
        metadata: frame.metadata,
        ttl: frame.ttl,
        members: new Map(
          frame.members.map((user) => [
            user,
            { role: frame.admins.includes(user) ? 'admin' : 'member', delivered: seq(0), read: seq(0) },
          ]),
        ),
        everMembers: new Set(frame.members),
        messages: [],
        first: seq(1),
      }
      conversations.set(conversation.id, conversation)
      return { type: 'opened', info: infoFor(conversation, frame.as), created: true }
    },

    async mark(frame) {
      begin(frame)
      const conversation = find(frame.app, frame.conversation, frame.user)
      const cursor = conversation.members.get(frame.user)!
      const head = conversation.messages.length
      cursor.delivered = seq(Math.min(head, Math.max(cursor.delivered, frame.delivered)))
      cursor.read = seq(Math.min(head, Math.max(cursor.read, frame.read)))
    },

    async read(frame): Promise<Extract<Answer, { type: 'page' }>> {
      begin(frame)
      const conversation = find(frame.app, frame.conversation, frame.user)
      const head = seq(conversation.messages.length)
      const existing = conversation.messages.map(({ message }) => message).filter((m) => m.seq >= conversation.first)
      const isUpwards = frame.since !== undefined
      const after = seq(Math.min(frame.since ?? 0, head))
      const before = isUpwards ? head + 1 : Math.min(frame.before ?? head + 1, head + 1)
      const within = existing.filter((m) => m.seq > after && m.seq < before)
      const found = isUpwards ? within.slice(0, frame.limit) : within.slice(-frame.limit)
      const isAll = found.length < frame.limit
      const writer = new Writer()
      for (const each of found) message.write(writer, each)
      return {
        type: 'page',
        after: isUpwards ? after : seq((isAll ? conversation.first : found[0]!.seq) - 1),
        upto: isUpwards ? (isAll ? head : found.at(-1)!.seq) : seq(before - 1),
        first: conversation.first,
        head,
        count: found.length,
        messages: writer.take(),
      }
    },

    async inspect(frame) {
      begin(frame)
      return infoFor(find(frame.app, frame.conversation, frame.user), frame.user)
    },

    async roster(frame) {
      begin(frame)
      const { members } = find(frame.app, frame.conversation, frame.user)
      const all = [...members]
        .map(([user, member]) => ({ user, ...member }))
        .filter(({ user }) => user > (frame.after ?? ''))
      all.sort((a, b) => (a.user < b.user ? -1 : 1))
      return { type: 'roster', members: all.slice(0, frame.limit), more: all.length > frame.limit }
    },

    async status(frame) {
      begin(frame)
      const conversation = find(frame.app, frame.conversation, frame.user)
      const id = messageIdFromBytes(frame.message_id)
      const found = conversation.messages.find(({ message }) => messageIdFromBytes(message.message_id) === id)
      if (found === undefined) throw new Chat4AllError('NOT_FOUND')
      const { message } = found
      const others = [...conversation.members].filter(([user]) => user !== message.from)
      const receipts = others.map(([user, cursors]) => ({
        user,
        ...(cursors.delivered >= message.seq && { delivered: millis(now()) }),
        ...(cursors.read >= message.seq && { read: millis(now()) }),
      }))
      return { type: 'status', message, receipts }
    },

    async conversationsOf(app, user, left = false) {
      begin({ t: 'conversationsOf', app, user })
      return [...conversations.values()]
        .filter(({ app: of, members, everMembers }) => of === app && (left ? everMembers : members).has(user))
        .map((conversation) => infoFor(conversation, user))
    },
  }

  function append(
    conversation: FakeConversation,
    frame: Pick<PostFrame | ChangeFrame, 'message_id'> & Pick<PostFrame, 'trace' | 'ttl'>,
    by: UserId,
    content: StoredPayload,
    wanted: string,
    extrasBytes: Uint8Array | undefined,
  ): { seq: Seq; time: Millis } {
    const id = messageIdFromBytes(frame.message_id)
    const earlier = conversation.messages.find(({ message }) => messageIdFromBytes(message.message_id) === id)
    if (earlier !== undefined) {
      if (earlier.by !== by || earlier.asked !== wanted) throw new Chat4AllError('CONFLICT')
      return earlier.message
    }
    const time = millis(now())
    const ttl = frame.ttl ?? conversation.ttl
    const decoded: Extras | undefined = extrasBytes && extras.read(new Reader(extrasBytes))
    const stored: Message = {
      seq: seq(conversation.messages.length + 1),
      message_id: frame.message_id.slice(),
      from: by,
      time,
      payload: content,
      ...(ttl !== undefined && { expires: millis(time + ttl * 1000) }),
      ...(decoded !== undefined && { extras: decoded }),
      ...(frame.trace !== undefined && { trace: frame.trace }),
    }
    conversation.messages.push({ by, asked: wanted, message: stored })
    return stored
  }
}

function forgetUser({ messages }: FakeConversation, user: UserId): void {
  for (const stored of messages) {
    const { seq, message_id, from, time, payload } = stored.message
    if (from !== user || payload.type === 'membership') continue
    stored.message = { seq, message_id, from: ERASED_USER, time, payload: { type: 'erased' } }
  }
}

function infoFor(conversation: FakeConversation, user: UserId | undefined): ConversationInfo {
  const { members, messages } = conversation
  const self = user === undefined ? undefined : members.get(user)
  const last = messages.at(-1)?.message
  return {
    conversation: conversation.id,
    type: conversation.type,
    head: seq(messages.length),
    first: conversation.first,
    member_count: members.size,
    delivered: self?.delivered ?? seq(0),
    read: self?.read ?? seq(0),
    created: conversation.created,
    ...(members.size <= MEMBERS_LISTED_MAX && {
      members: [...members].map(([member, { role, delivered, read }]) => ({ user: member, role, delivered, read })),
    }),
    ...(conversation.metadata !== undefined && { metadata: conversation.metadata }),
    ...(conversation.ttl !== undefined && { ttl: conversation.ttl }),
    ...(last !== undefined && last.seq >= conversation.first && { last }),
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
