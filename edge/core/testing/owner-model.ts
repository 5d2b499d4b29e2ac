import {
  type Answer,
  type ConversationId,
  type ConversationInfo,
  type EdgeLinkFrame,
  type Epoch,
  ERRORS,
  type ErrorCode,
  type Millis,
  message,
  messageKey,
  type NodeId,
  type NodeLinkFrame,
  type PostFrame,
  Reader,
  type RequestFrame,
  type Seq,
  SLOTS,
  type Slot,
  slotOf,
  storedPayload,
  type UserId,
  Writer,
} from '@chat4all/protocol'

/**
 * Shard-nodes as the edge's tests see them: they speak the frames of a link and keep the rules of an owner that
 * matter to an edge (drop what follows a bounce, look retries up, fan out after commit), and commit at once.
 */

export interface ModelConversation {
  readonly id: ConversationId
  readonly app: string
  readonly type: 'private' | 'group'
  readonly members: Set<UserId>
  /** `messages[i]` has seq i + 1; undefined: expired. */
  readonly messages: (Uint8Array | undefined)[]
  readonly seqs: Map<string, Seq>
  readonly cursors: Map<UserId, { delivered: Seq; read: Seq }>
  /** Lowest seq that exists. */
  first: Seq
}

const writer = new Writer()

/** What is stored, and who owns it: the same for all nodes. */
export class ModelCluster {
  readonly conversations = new Map<ConversationId, ModelConversation>()
  readonly nodes = new Map<NodeId, ModelNode>()
  readonly owners: (NodeId | undefined)[] = new Array(SLOTS).fill(undefined)
  readonly epochs: number[] = new Array(SLOTS).fill(1)
  now = 1_000_000 as Millis
  private nextId = 1

  constructor(...nodes: string[]) {
    for (const node of nodes) this.nodes.set(node as NodeId, new ModelNode(this, node as NodeId))
    this.owners.fill(nodes[0] as NodeId)
  }

  node(id: string): ModelNode {
    return this.nodes.get(id as NodeId)!
  }

  owner(conversation: ConversationId): ModelNode {
    return this.nodes.get(this.owners[slotOf(conversation)]!)!
  }

  create(id: string, ...members: string[]): ModelConversation {
    const conversation: ModelConversation = {
      id: id as ConversationId,
      app: 'demo',
      type: members.length === 2 ? 'private' : 'group',
      members: new Set(members as UserId[]),
      messages: [],
      seqs: new Map(),
      cursors: new Map(),
      first: 1 as Seq,
    }
    this.conversations.set(conversation.id, conversation)
    return conversation
  }

  /** Gives a slot to another node: the old owner tells its links, and forgets. */
  move(slot: Slot, to: string): void {
    const from = this.owners[slot]
    this.owners[slot] = to as NodeId
    this.epochs[slot]!++
    this.nodes.get(to as NodeId)!.forget(slot)
    if (from !== undefined && from !== to) this.nodes.get(from)!.depose(slot)
  }

  /** A message that someone elsewhere posts, committed and fanned out at once. */
  post(conversation: ModelConversation, from: string, size = 8): Seq {
    const id = new Uint8Array(16)
    new DataView(id.buffer).setUint32(12, this.nextId++)
    return this.owner(conversation.id).commit(conversation, id, from as UserId, textPayload('x'.repeat(size)))
  }

  /** The oldest messages are gone, up to `seq`. */
  expire(conversation: ModelConversation, seq: number): void {
    for (let i = 0; i < seq; i++) conversation.messages[i] = undefined
    conversation.first = Math.min(seq + 1, conversation.messages.length + 1) as Seq
  }
}

export function textPayload(text: string): Uint8Array {
  storedPayload.write(writer, { type: 'text', text })
  return writer.take()
}

/** One side of a link: what the node has told, and what the edge has not heard yet. */
export class ModelLink {
  readonly edge: string
  readonly slots = new Map<Slot, { attempt: number; refusedAttempt: number; refusedFrom: number }>()
  readonly subscriptions = new Map<ConversationId, Set<UserId>>()
  /** Frames to the edge, oldest first. */
  readonly out: NodeLinkFrame[] = []

  constructor(edge: string) {
    this.edge = edge
  }
}

export class ModelNode {
  readonly id: NodeId
  readonly links = new Set<ModelLink>()
  /** Bounces everything while true. */
  busy = false
  /** Bounces the nth request from now on, once. */
  bounceAfter: number | undefined
  /** Conversations whose requests wait, as while an owner loads them. */
  readonly loading = new Map<ConversationId, { readonly link: ModelLink; readonly frame: RequestFrame }[]>()
  /** Requests taken, by type. */
  readonly served: Record<string, number> = {}
  private readonly cluster: ModelCluster
  /** message_ids that this owner remembers; lost with the ownership. */
  private readonly window = new Map<Slot, Map<string, Seq>>()

  constructor(cluster: ModelCluster, id: NodeId) {
    this.cluster = cluster
    this.id = id
  }

  connect(edge: string): ModelLink {
    const link = new ModelLink(edge)
    this.links.add(link)
    return link
  }

  disconnect(link: ModelLink): void {
    this.links.delete(link)
  }

  forget(slot: Slot): void {
    this.window.delete(slot)
  }

  depose(slot: Slot): void {
    this.window.delete(slot)
    for (const link of this.links) {
      for (const id of link.subscriptions.keys()) if (slotOf(id) === slot) link.subscriptions.delete(id)
      const pipe = link.slots.get(slot)
      if (pipe !== undefined && pipe.refusedAttempt < pipe.attempt) this.bounce(link, slot, 0, 'not_owner')
    }
  }

  receive(link: ModelLink, frames: readonly EdgeLinkFrame[]): void {
    for (const frame of frames) this.frame(link, frame)
  }

  private frame(link: ModelLink, frame: EdgeLinkFrame): void {
    switch (frame.t) {
      case 'unsubscribe': {
        const users = link.subscriptions.get(frame.conversation)
        if (users?.delete(frame.user) === true && users.size === 0) link.subscriptions.delete(frame.conversation)
        return
      }
      case 'signal':
        return this.tellSubscribers(frame.conversation, { ...frame, t: 'signalled' })
      case 'enumerate': {
        const conversations = [...this.cluster.conversations.values()]
          .filter(({ id, members }) => this.owns(slotOf(id)) && members.has(frame.user))
          .map((conversation) => this.info(conversation, frame.user))
        link.out.push({ t: 'enumerated', id: frame.id, conversations, last: true })
        return
      }
      case 'link_hello':
      case 'link_ping':
      case 'want':
      case 'noted':
      case 'taken':
        return
      default:
        return this.request(link, frame)
    }
  }

  private owns(slot: Slot): boolean {
    return this.cluster.owners[slot] === this.id
  }

  private request(link: ModelLink, frame: RequestFrame): void {
    const { slot, attempt, n } = frame
    const pipe = link.slots.get(slot) ?? { attempt, refusedAttempt: -1, refusedFrom: 0 }
    link.slots.set(slot, pipe)
    if (isRefused(pipe, attempt, n)) return
    pipe.attempt = attempt
    if (!this.owns(slot)) return this.bounce(link, slot, n, 'not_owner')
    if (this.busy || (this.bounceAfter !== undefined && this.bounceAfter-- === 0)) {
      if (!this.busy) this.bounceAfter = undefined
      return this.bounce(link, slot, n, 'busy')
    }
    const waiting = this.loading.get(frame.conversation)
    if (waiting !== undefined) waiting.push({ link, frame })
    else this.serve(link, frame)
  }

  /** The conversation is loaded: what waited is served. */
  loaded(conversation: ConversationId): void {
    const waiting = this.loading.get(conversation) ?? []
    this.loading.delete(conversation)
    for (const { link, frame } of waiting) {
      const pipe = link.slots.get(frame.slot)!
      if (this.links.has(link) && this.owns(frame.slot) && !isRefused(pipe, frame.attempt, frame.n))
        this.serve(link, frame)
    }
  }

  private bounce(link: ModelLink, slot: Slot, n: number, reason: 'not_owner' | 'busy'): void {
    const pipe = link.slots.get(slot)!
    pipe.refusedAttempt = pipe.attempt
    pipe.refusedFrom = n
    const owner = this.cluster.owners[slot]
    const known = reason === 'not_owner' && owner !== undefined && owner !== this.id
    link.out.push({
      t: 'bounce',
      slot,
      attempt: pipe.attempt,
      n,
      reason,
      retry_after: reason === 'busy' ? 10 : 0,
      ...(known && { owner, epoch: this.cluster.epochs[slot] as Epoch }),
    })
  }

  private serve(link: ModelLink, frame: RequestFrame): void {
    this.served[frame.t] = (this.served[frame.t] ?? 0) + 1
    const conversation = this.cluster.conversations.get(frame.conversation)
    if (frame.t === 'open') {
      const created = conversation === undefined
      const opened = conversation ?? this.cluster.create(frame.conversation, ...frame.members)
      this.reply(link, frame, { type: 'opened', info: this.info(opened, frame.as), created })
      if (created) this.tellMembership(opened, [...opened.members], [], 0 as Seq)
      return
    }
    const user = 'user' in frame ? frame.user : 'from' in frame ? frame.from : 'by' in frame ? frame.by : undefined
    if (conversation === undefined || (user !== undefined && !conversation.members.has(user))) {
      return this.refuse(link, frame, 'NOT_FOUND')
    }
    switch (frame.t) {
      case 'post':
        return this.post(link, conversation, frame)
      case 'change': {
        for (const added of frame.add) conversation.members.add(added)
        for (const removed of frame.remove) conversation.members.delete(removed)
        const payload = writerOf({ type: 'membership', added: frame.add, removed: frame.remove })
        const seq = this.commit(conversation, frame.message_id, frame.by, payload)
        this.ack(link, frame, seq)
        return this.tellMembership(conversation, frame.add, frame.remove, seq)
      }
      case 'mark': {
        const was = conversation.cursors.get(frame.user) ?? { delivered: 0 as Seq, read: 0 as Seq }
        const delivered = Math.max(was.delivered, frame.delivered, frame.read) as Seq
        const read = Math.max(was.read, frame.read) as Seq
        if (delivered > was.delivered || read > was.read) {
          conversation.cursors.set(frame.user, { delivered, read })
          const items = [{ user: frame.user, delivered, read, time: this.cluster.now }]
          this.tellSubscribers(conversation.id, { t: 'marks', conversation: conversation.id, items })
        }
        return this.reply(link, frame, { type: 'done' })
      }
      case 'subscribe': {
        const users = link.subscriptions.get(conversation.id) ?? new Set()
        link.subscriptions.set(conversation.id, users.add(frame.user))
        const online = [
          ...new Set([...this.links].flatMap((other) => [...(other.subscriptions.get(conversation.id) ?? [])])),
        ]
        const head = conversation.messages.length as Seq
        return this.reply(link, frame, { type: 'subscribed', head, first: conversation.first, online })
      }
      case 'read':
        return this.reply(link, frame, this.page(conversation, frame))
      case 'inspect':
        return this.reply(link, frame, { type: 'info', info: this.info(conversation, frame.user) })
    }
  }

  private post(link: ModelLink, conversation: ModelConversation, frame: PostFrame): void {
    const key = messageKey(frame.message_id)
    const window = this.window.get(frame.slot) ?? new Map<string, Seq>()
    this.window.set(frame.slot, window)
    const known = window.get(key) ?? conversation.seqs.get(key)
    const seq = known ?? this.commit(conversation, frame.message_id, frame.from, frame.payload)
    window.set(key, seq)
    this.ack(link, frame, seq)
  }

  commit(conversation: ModelConversation, messageId: Uint8Array, from: UserId, payload: Uint8Array): Seq {
    const seq = (conversation.messages.length + 1) as Seq
    const { now } = this.cluster
    message.write(writer, {
      seq,
      message_id: messageId,
      from,
      time: now,
      payload: storedPayload.read(new Reader(payload)),
    })
    const bytes = writer.take().slice()
    conversation.messages.push(bytes)
    conversation.seqs.set(messageKey(messageId), seq)
    const after = (seq - 1) as Seq
    const fanout = { t: 'fanout', conversation: conversation.id, after, upto: seq, count: 1, messages: bytes } as const
    this.tellSubscribers(conversation.id, fanout)
    return seq
  }

  private page(
    conversation: ModelConversation,
    frame: Extract<RequestFrame, { t: 'read' }>,
  ): Extract<Answer, { type: 'page' }> {
    const head = conversation.messages.length as Seq
    const found: { seq: Seq; bytes: Uint8Array }[] = []
    conversation.messages.forEach((bytes, i) => {
      if (bytes !== undefined) found.push({ seq: (i + 1) as Seq, bytes })
    })
    const upwards = frame.since !== undefined
    const since = Math.min(frame.since ?? 0, head)
    const before = upwards ? head + 1 : Math.min(frame.before ?? head + 1, head + 1)
    const inRange = found.filter(({ seq }) => seq > since && seq < before)
    const taken = upwards ? inRange.slice(0, frame.limit) : inRange.slice(-frame.limit)
    const exhausted = taken.length < frame.limit
    const after = upwards ? since : exhausted ? conversation.first - 1 : taken[0]!.seq - 1
    const upto = upwards ? (exhausted ? head : taken.at(-1)!.seq) : before - 1
    return {
      type: 'page',
      after: after as Seq,
      upto: upto as Seq,
      first: conversation.first,
      head,
      count: taken.length,
      messages: joined(taken.map(({ bytes }) => bytes)),
    }
  }

  private info(conversation: ModelConversation, user: UserId | undefined): ConversationInfo {
    const cursor = (user === undefined ? undefined : conversation.cursors.get(user)) ?? {
      delivered: 0 as Seq,
      read: 0 as Seq,
    }
    return {
      conversation: conversation.id,
      type: conversation.type,
      head: conversation.messages.length as Seq,
      first: conversation.first,
      member_count: conversation.members.size,
      ...cursor,
      created: this.cluster.now,
    }
  }

  private tellMembership(conversation: ModelConversation, joined: UserId[], left: UserId[], seq: Seq): void {
    const frame: NodeLinkFrame = {
      t: 'membership',
      app: 'demo' as never,
      conversation: conversation.id,
      joined,
      left,
      seq,
    }
    for (const link of this.links) {
      link.out.push(frame)
      const users = link.subscriptions.get(conversation.id)
      for (const user of left) users?.delete(user)
    }
  }

  tellSubscribers(conversation: ConversationId, frame: NodeLinkFrame): void {
    for (const link of this.links) if (link.subscriptions.has(conversation)) link.out.push(frame)
  }

  private reply(link: ModelLink, { slot, attempt, n }: RequestFrame, answer: Answer): void {
    link.out.push({ t: 'reply', slot, attempt, n, answer })
  }

  private ack(link: ModelLink, { slot, n }: RequestFrame, seq: Seq): void {
    link.out.push({ t: 'acks', slot, items: [{ n, seq, time: this.cluster.now }] })
  }

  private refuse(link: ModelLink, { slot, attempt, n }: RequestFrame, code: ErrorCode): void {
    link.out.push({ t: 'refuse', slot, attempt, n, code: ERRORS[code].wire, detail: ERRORS[code].means })
  }
}

function isRefused(pipe: { refusedAttempt: number; refusedFrom: number }, attempt: number, n: number): boolean {
  return attempt < pipe.refusedAttempt || (attempt === pipe.refusedAttempt && n >= pipe.refusedFrom)
}

function writerOf(payload: Parameters<typeof storedPayload.write>[1]): Uint8Array {
  storedPayload.write(writer, payload)
  return writer.take()
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
