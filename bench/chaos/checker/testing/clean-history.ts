import { contentDigest } from '../../history/content-digest.js'
import type { Observation, SeenMessage } from '../../history/observation.js'
import { Random } from '../../random.js'

/**
 * Histories of a server that makes no mistake: what clients may do and see, in random order. Answers get lost, messages
 * are sent again, sessions end with their edge, readers lag, the stream repeats itself: everything that is allowed.
 */
const USERS = 4
const CONVERSATIONS = 2
const EDGES = ['edge-1', 'edge-2']

interface Device {
  readonly name: string
  readonly user: string
  session: string | undefined
  edge: string
  sessions: number
  readonly had: Map<string, number>
  /** Handed over and not answered, oldest first. */
  outbox: { readonly id: string; readonly conversation: string; readonly content: string }[]
}

interface Conversation {
  readonly name: string
  readonly messages: SeenMessage[]
  readonly seqOf: Map<string, number>
  readonly cursors: Map<string, { delivered: number; read: number }>
  streamedTo: number
}

class Model {
  readonly observations: Observation[] = []
  private readonly random: Random
  private at = 0
  private ids = 0
  private faults = 0
  private streamOffset = 0
  private readonly conversations: Conversation[]
  private readonly devices: Device[]

  constructor(seed: number) {
    this.random = new Random(seed)
    this.add({ type: 'run', at: 0, startedAt: '2026-01-01T00:00:00.000Z', seed, streamed: true, settings: {} })
    this.conversations = Array.from({ length: CONVERSATIONS }, (_, index) => ({
      name: `c${index}`,
      messages: [],
      seqOf: new Map(),
      cursors: new Map(),
      streamedTo: 0,
    }))
    this.devices = Array.from({ length: USERS }, (_, index) => ({
      name: `u${index}/1`,
      user: `u${index}`,
      session: undefined,
      edge: EDGES[index % EDGES.length]!,
      sessions: 0,
      had: new Map(),
      outbox: [],
    }))
    const members = this.devices.map(({ user }) => user)
    for (const { name } of this.conversations) {
      this.add({ type: 'conversation', at: this.at, conversation: name, slot: 0, kind: 'group', members })
    }
  }

  private add(observation: Observation): void {
    this.observations.push(observation)
  }

  private tick(): number {
    this.at += 1 + this.random.below(5)
    return this.at
  }

  private commit(conversation: Conversation, id: string, content: string): number {
    const before = conversation.seqOf.get(id)
    if (before !== undefined) return before
    const seq = conversation.messages.length + 1
    conversation.messages.push([seq, id, content, this.at])
    conversation.seqOf.set(id, seq)
    return seq
  }

  step(): void {
    const device = this.random.pick(this.devices)
    const conversation = this.random.pick(this.conversations)
    if (device.session === undefined) return this.connect(device)
    const doings = [
      () => this.send(device, conversation),
      () => this.send(device, conversation),
      () => this.answer(device),
      () => this.answer(device),
      () => this.deliver(device, conversation),
      () => this.deliver(device, conversation),
      () => this.repeatOverRest(device, conversation),
      () => this.page(device, conversation),
      () => this.mark(device, conversation),
      () => this.askCursors(device, conversation),
      () => this.stream(conversation),
    ]
    if (this.random.chance(0.03)) return this.killEdge(device.edge)
    this.random.pick(doings)()
  }

  private connect(device: Device): void {
    device.session = `${device.name}.${++device.sessions}`
    device.edge = this.random.pick(EDGES)
    const { name, session, edge } = device
    this.add({
      type: 'connected',
      at: this.tick(),
      device: name,
      session,
      edge,
      had: Object.fromEntries(device.had),
    })
    for (const conversation of this.conversations) {
      const had = device.had.get(conversation.name)
      const after = had ?? conversation.messages.length
      this.add({
        type: 'begins',
        at: this.at,
        session,
        conversation: conversation.name,
        after,
        resumed: had !== undefined,
      })
      device.had.set(conversation.name, after)
    }
    for (const sending of device.outbox) this.handOver(device, sending, true)
  }

  private handOver(device: Device, sending: Device['outbox'][number], again: boolean): void {
    const { name, user, edge } = device
    const { id, conversation, content } = sending
    this.add({
      type: 'sending',
      at: this.tick(),
      device: name,
      user,
      edge,
      way: 'socket',
      conversation,
      id,
      again,
      content,
    })
  }

  private send(device: Device, conversation: Conversation): void {
    const id = `m${++this.ids}`
    const sending = { id, conversation: conversation.name, content: contentDigest(device.user, 'text', id) }
    device.outbox.push(sending)
    this.handOver(device, sending, false)
  }

  /** The oldest unanswered message is committed; the answer comes now, or was lost with the session later. */
  private answer(device: Device): void {
    const sending = device.outbox[0]
    if (sending === undefined) return
    const conversation = this.conversations.find(({ name }) => name === sending.conversation)!
    const seq = this.commit(conversation, sending.id, sending.content)
    if (this.random.chance(0.2)) return
    device.outbox.shift()
    const { name, edge } = device
    const { id } = sending
    this.add({
      type: 'sent',
      at: this.tick(),
      device: name,
      edge,
      way: 'socket',
      conversation: conversation.name,
      id,
      seq,
    })
  }

  private deliver(device: Device, conversation: Conversation): void {
    const after = device.had.get(conversation.name)!
    const upto = Math.min(conversation.messages.length, after + 1 + this.random.below(3))
    if (upto <= after) return
    device.had.set(conversation.name, upto)
    this.add({
      type: 'delivered',
      at: this.tick(),
      device: device.name,
      session: device.session!,
      conversation: conversation.name,
      after,
      upto,
      messages: conversation.messages.slice(after, upto),
    })
  }

  private repeatOverRest(device: Device, conversation: Conversation): void {
    if (conversation.messages.length === 0) return
    const [seq, id, content] = this.random.pick(conversation.messages)
    const conflicts = this.random.chance(0.3)
    const edge = this.random.pick(EDGES)
    const call = { device: `${device.name}-rest`, edge, way: 'rest', conversation: conversation.name, id } as const
    this.add({
      type: 'sending',
      at: this.tick(),
      user: device.user,
      again: true,
      content: conflicts ? 'other words' : content,
      ...(conflicts && { conflicts }),
      ...call,
    })
    if (conflicts) this.add({ type: 'refused', at: this.tick(), ...call, code: 'CONFLICT' })
    else if (this.random.chance(0.2)) {
      this.add({ type: 'unanswered', at: this.tick(), ...call, reason: 'the connection ended' })
    } else this.add({ type: 'sent', at: this.tick(), ...call, seq })
  }

  private page(device: Device, conversation: Conversation): void {
    const askedAt = this.at
    const head = conversation.messages.length
    const after = this.random.below(head + 1)
    this.add({
      type: 'page',
      askedAt,
      at: this.tick(),
      device: device.name,
      way: 'socket',
      conversation: conversation.name,
      after,
      upto: head,
      head,
      messages: conversation.messages.slice(after),
    })
  }

  private mark(device: Device, conversation: Conversation): void {
    const delivered = device.had.get(conversation.name)!
    const { user } = device
    const read = this.random.below(delivered + 1)
    const call = { user, conversation: conversation.name, delivered, read }
    this.add({ type: 'marking', at: this.tick(), way: 'rest', ...call })
    const before = conversation.cursors.get(user) ?? { delivered: 0, read: 0 }
    conversation.cursors.set(user, {
      delivered: Math.max(before.delivered, delivered),
      read: Math.max(before.read, read),
    })
    this.add({ type: 'marked', at: this.tick(), ...call })
  }

  private askCursors(device: Device, conversation: Conversation): void {
    const askedAt = this.at
    for (const [user, { delivered, read }] of conversation.cursors) {
      this.add({
        type: 'cursors',
        askedAt,
        at: this.tick(),
        by: device.session!,
        conversation: conversation.name,
        user,
        delivered,
        read,
      })
    }
  }

  /** Goes on, sometimes from a little further back. */
  private stream(conversation: Conversation): void {
    const from = Math.max(0, conversation.streamedTo - this.random.below(3))
    const upto = Math.min(conversation.messages.length, from + 4)
    if (upto <= from) return
    conversation.streamedTo = Math.max(conversation.streamedTo, upto)
    this.add({
      type: 'streamed',
      at: this.tick(),
      partition: 0,
      offset: String(this.streamOffset++),
      conversation: conversation.name,
      messages: conversation.messages.slice(from, upto),
    })
  }

  private killEdge(edge: string): void {
    const number = ++this.faults
    const fault = { type: 'fault', number, fault: 'edge-kill', targets: [edge] } as const
    this.add({ ...fault, at: this.tick(), phase: 'begin' })
    for (const device of this.devices) {
      if (device.edge !== edge || device.session === undefined) continue
      const { name, session } = device
      this.add({ type: 'closed', at: this.tick(), device: name, session, edge, wanted: false, reason: 'lost' })
      device.session = undefined
    }
    this.add({ ...fault, at: this.tick(), phase: 'end' })
  }

  end(): void {
    for (const device of this.devices) {
      if (device.session === undefined) this.connect(device)
      while (device.outbox.length > 0) this.answer(device)
      for (const conversation of this.conversations) {
        while (device.had.get(conversation.name)! < conversation.messages.length) this.deliver(device, conversation)
      }
    }
    for (const conversation of this.conversations) {
      while (conversation.streamedTo < conversation.messages.length) this.stream(conversation)
    }
    this.add({ type: 'settled', at: this.tick(), tookMs: 10, unfinished: [] })
    for (const { name, messages } of this.conversations) {
      for (const { user, edge } of this.devices) {
        this.add({
          type: 'full-read',
          askedAt: this.at,
          at: this.tick(),
          reader: user,
          way: 'socket',
          edge,
          conversation: name,
          head: messages.length,
          messages: [...messages],
          final: true,
        })
      }
    }
  }
}

/** A clean history of so many random steps. */
export function cleanHistory(seed: number, steps: number): Observation[] {
  const model = new Model(seed)
  for (let i = 0; i < steps; i++) model.step()
  model.end()
  return model.observations
}
