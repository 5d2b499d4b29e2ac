import type { ConversationId, LogId, MessageId, NodeId, Offset, Seq, UserId } from '@chat4all/protocol'

/**
 * What a run looked like from outside: what clients asked and saw, and when, in virtual milliseconds. The checkers
 * read nothing else, so they know no more of the implementation than a user does.
 */
export type Observation =
  | Created
  | Sending
  | Sent
  | Refused
  | Connected
  | Delivered
  | Begins
  | Left
  | Page
  | FullRead
  | Erasing
  | Erased
  | Cursors
  | Recovered
  | Fed
  | Arrived
  | Decided
  | LogContent
  | Rewritten
  | Convergence

/** A conversation came into being, with these members. */
export interface Created {
  readonly type: 'created'
  readonly at: number
  readonly conversation: ConversationId
  readonly members: readonly string[]
}

/** A client handed a message to a session: for the first time, or again. */
export interface Sending {
  readonly type: 'sending'
  readonly at: number
  readonly client: string
  readonly session: string
  readonly conversation: ConversationId
  readonly messageId: MessageId
  readonly again: boolean
}

/** A client was told that its message is stored. */
export interface Sent {
  readonly type: 'sent'
  readonly at: number
  readonly client: string
  readonly session: string
  readonly conversation: ConversationId
  readonly messageId: MessageId
  readonly seq: Seq
}

/** A request failed for good. */
export interface Refused {
  readonly type: 'refused'
  readonly at: number
  readonly client: string
  readonly session: string
  readonly conversation: ConversationId
  readonly messageId: MessageId
  readonly code: string
}

/** A session began; the client has everything up to these seqs. */
export interface Connected {
  readonly type: 'connected'
  readonly at: number
  readonly client: string
  readonly session: string
  readonly have: ReadonlyMap<ConversationId, Seq>
}

export interface SeenMessage {
  readonly seq: Seq
  readonly messageId: MessageId
  /** Everything else that readers must agree on. */
  readonly content: string
  /** Whose words it holds; undefined: the server's, or none, because they are erased. */
  readonly saidBy?: string
  readonly isErased?: true
}

/** What is erased of a conversation: all that was said, or what one user said. */
interface WhatIsErased {
  readonly conversation: ConversationId
  readonly messageId: MessageId
  readonly user: string | undefined
}

/** A service asked for the first time that something be erased. */
export interface Erasing extends WhatIsErased {
  readonly type: 'erasing'
  readonly at: number
}

/** A service was told that something is erased, up to this seq. */
export interface Erased extends WhatIsErased {
  readonly type: 'erased'
  readonly at: number
  readonly seq: Seq
}

/** Messages came to a session by themselves: all that exist in (after, upto]. */
export interface Delivered {
  readonly type: 'delivered'
  readonly at: number
  readonly client: string
  readonly session: string
  readonly conversation: ConversationId
  readonly after: Seq
  readonly upto: Seq
  readonly messages: readonly SeenMessage[]
}

/** A session was told where its view of a conversation begins: behind `after`. */
export interface Begins {
  readonly type: 'begins'
  readonly at: number
  readonly client: string
  readonly session: string
  readonly conversation: ConversationId
  readonly after: Seq
  /** An answer to the client's cursor; else the conversation is new to the client, or its user is a member again. */
  readonly resumed: boolean
}

/** A session was told that its user is no longer a member: what comes later begins anew. */
export interface Left {
  readonly type: 'left'
  readonly at: number
  readonly session: string
  readonly conversation: ConversationId
}

/** A page of history that was asked for. */
export interface Page {
  readonly type: 'page'
  readonly askedAt: number
  readonly at: number
  readonly client: string
  readonly session: string
  readonly conversation: ConversationId
  readonly after: Seq
  readonly upto: Seq
  readonly first: Seq
  readonly head: Seq
  readonly messages: readonly SeenMessage[]
}

/** A conversation read from its first message to its head. */
export interface FullRead {
  readonly type: 'full-read'
  readonly askedAt: number
  readonly at: number
  readonly conversation: ConversationId
  readonly head: Seq
  readonly messages: readonly SeenMessage[]
  /** Made after all faults ended and everything came to rest. */
  readonly final: boolean
}

/** Somebody was told a member's cursors. Asked for (`askedAt`): what was known before must be in it. */
export interface Cursors {
  readonly type: 'cursors'
  readonly askedAt: number | undefined
  readonly at: number
  readonly session: string
  readonly conversation: ConversationId
  readonly user: UserId
  readonly delivered: Seq
  readonly read: Seq
}

/** A node finished recovering a log: what it takes for the log's content. */
export interface Recovered {
  readonly type: 'recovered'
  readonly at: number
  readonly node: NodeId
  readonly log: LogId
  /** The entries at `from`, `from` + 1 … that it brought into the view, each as a digest. */
  readonly from: Offset
  readonly entries: readonly string[]
  readonly end: Offset
}

/** The views got messages of a conversation. */
export interface Fed {
  readonly type: 'fed'
  readonly at: number
  readonly node: NodeId
  readonly conversation: ConversationId
  readonly messages: readonly { readonly seq: Seq; readonly messageId: MessageId }[]
}

/** Messages arrived in the event stream. */
export interface Arrived {
  readonly type: 'arrived'
  readonly at: number
  readonly publisher: string
  readonly conversation: ConversationId
  readonly seqs: readonly Seq[]
}

/** The end of a log was decided while this entry, which counts from then on, was on too few replicas. */
export interface Decided {
  readonly type: 'decided-too-early'
  readonly at: number
  readonly log: LogId
  readonly offset: Offset
}

/** At the end of the run: the messages that a log holds below its end, whether or not the log was trimmed since. */
export interface LogContent {
  readonly type: 'log-content'
  readonly at: number
  readonly log: LogId
  readonly end: Offset
  readonly messages: readonly {
    readonly conversation: ConversationId
    readonly seq: Seq
    readonly messageId: MessageId
    /** The message erases what was said up to it: all, or what one user said. */
    readonly erases?: { readonly user: string | undefined }
    /** Users whom the message removes. */
    readonly removes?: readonly string[]
  }[]
}

/** An offset of a log was written with two values. */
export interface Rewritten {
  readonly type: 'rewritten'
  readonly at: number
  readonly log: LogId
  readonly offset: Offset
}

/** After the faults ended: whether everything came to rest in time, and what did not. */
export interface Convergence {
  readonly type: 'convergence'
  readonly at: number
  readonly unfinished: readonly string[]
}

export class History {
  readonly observations: Observation[] = []

  record(observation: Observation): void {
    this.observations.push(observation)
  }

  of<T extends Observation['type']>(type: T): Extract<Observation, { type: T }>[] {
    return this.observations.filter(
      (observation): observation is Extract<Observation, { type: T }> => observation.type === type,
    )
  }
}
