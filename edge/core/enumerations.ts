import type { AppId, ConversationInfo, Millis, NodeId, NodeLinkFrame, UserId } from '@chat4all/protocol'
import type { EdgeConfig } from './config.js'
import type { Pipelines } from './pipelines.js'

/** Who wants to know the conversations of a user. */
export interface EnumerationOwner {
  /** Some of them; one may be told twice. */
  listed(conversations: readonly ConversationInfo[]): void
  /**
   * That is all. Not `complete`: some node gave no answer. Not `settled`: nodes or owners changed shortly before or
   * meanwhile, so that a conversation may have fallen between two of them.
   */
  finished(complete: boolean, settled: boolean): void
}

interface Enumeration {
  readonly id: number
  readonly app: AppId
  readonly user: UserId
  /** Also those that the user has left. */
  readonly left: boolean
  readonly owner: EnumerationOwner
  /** Nodes whose answer is not complete yet, linked or not. */
  readonly waiting: Set<NodeId>
  readonly startedAt: Millis
  asked: boolean
  askedAgain: boolean
  complete: boolean
}

/**
 * Lists of a user's conversations: every shard-node is asked for those that it owns, also one whose link comes while
 * the others answer.
 */
export class Enumerations {
  /** When nodes, links or owners changed last: a list made then may have fallen between two of them. */
  changedAt = 0 as Millis
  private readonly config: EdgeConfig
  private readonly pipelines: Pipelines
  private readonly running = new Map<number, Enumeration>()
  private members: readonly NodeId[] = []
  private nextId = 1

  constructor(config: EdgeConfig, pipelines: Pipelines) {
    this.config = config
    this.pipelines = pipelines
  }

  start(app: AppId, user: UserId, owner: EnumerationOwner, now: Millis, left = false): void {
    const id = this.nextId++
    const { linked } = this.pipelines
    const waiting = new Set([...this.members, ...linked])
    const running: Enumeration = {
      id,
      app,
      user,
      left,
      owner,
      waiting,
      startedAt: now,
      asked: linked.length > 0,
      askedAgain: false,
      complete: true,
    }
    this.running.set(id, running)
    for (const node of linked) this.ask(node, running)
  }

  private ask(node: NodeId, { id, app, user, left }: Enumeration): void {
    this.pipelines.tellNode(node, { t: 'enumerate', id, app, user, ...(left && { left }) })
  }

  frame(node: NodeId, { id, conversations, last }: Extract<NodeLinkFrame, { t: 'enumerated' }>): void {
    const running = this.running.get(id)
    if (running === undefined) return
    if (conversations.length > 0) running.owner.listed(conversations)
    if (!last) return
    running.waiting.delete(node)
    this.finishIfDone(running)
  }

  linkOpened(node: NodeId, now: Millis): void {
    this.changedAt = now
    for (const running of this.running.values()) {
      running.waiting.add(node)
      running.asked = true
      this.ask(node, running)
    }
  }

  linkClosed(node: NodeId, now: Millis): void {
    this.changedAt = now
    // Its slots go elsewhere, maybe to a node that has answered already.
    for (const running of this.running.values()) {
      if (!running.waiting.has(node)) continue
      running.complete = false
      if (!this.members.includes(node)) running.waiting.delete(node)
      this.finishIfDone(running)
    }
  }

  membersChanged(members: readonly NodeId[], now: Millis): void {
    const gone = this.members.filter((node) => !members.includes(node))
    const changed = gone.length > 0 || members.some((node) => !this.members.includes(node))
    this.members = members
    if (!changed) return
    this.changedAt = now
    for (const running of this.running.values()) {
      for (const node of gone) if (!this.pipelines.linked.includes(node)) running.waiting.delete(node)
      this.finishIfDone(running)
    }
  }

  /** A node that says nothing is asked once more, then done without. */
  tick(now: Millis): void {
    for (const running of this.running.values()) {
      const waited = now - running.startedAt
      if (waited >= this.config.enumerateMs) {
        running.complete = false
        this.finish(running)
      } else if (waited * 2 >= this.config.enumerateMs && !running.askedAgain) {
        running.askedAgain = true
        for (const node of running.waiting) this.ask(node, running)
      }
    }
  }

  private finishIfDone(running: Enumeration): void {
    if (running.asked && running.waiting.size === 0) this.finish(running)
  }

  private finish(running: Enumeration): void {
    this.running.delete(running.id)
    const settled = running.startedAt - this.changedAt >= this.config.settleMs
    running.owner.finished(running.complete, settled)
  }
}
