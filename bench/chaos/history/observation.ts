/**
 * One line of a history: what a client, a consumer or the tormentor did or saw, and when. The checker reads nothing
 * else, so it knows no more of the implementation than a user does.
 *
 * `at` is in milliseconds of one monotonic clock (that of the process that drives the run), and lines stand in the
 * order in which they happened there: what stands above another line happened before it.
 */
export type Observation =
  | RunBegins
  | ConversationOpened
  | Sending
  | Sent
  | Refused
  | Unanswered
  | Connected
  | Closed
  | Begins
  | Left
  | Delivered
  | Page
  | FullRead
  | Marking
  | Marked
  | Cursors
  | Streamed
  | FaultChanged
  | ProcessChanged
  | Settled

export type ObservationType = Observation['type']
export type ObservationOf<T extends ObservationType> = Extract<Observation, { type: T }>

/** The first line. */
export interface RunBegins {
  readonly type: 'run'
  readonly at: number
  readonly startedAt: string
  readonly seed: number
  /** Whether everything committed has to come out of the event stream too. */
  readonly streamed: boolean
  readonly settings: Readonly<Record<string, unknown>>
}

export interface ConversationOpened {
  readonly type: 'conversation'
  readonly at: number
  readonly conversation: string
  readonly slot: number
  readonly kind: 'private' | 'group'
  readonly members: readonly string[]
}

/** How a request travels: a session's socket, or a REST call of its own. */
export type Way = 'socket' | 'rest'

/** An invocation: a message, or a change of members, is handed over, for the first time or again. */
export interface Sending {
  readonly type: 'sending'
  readonly at: number
  readonly device: string
  readonly user: string
  readonly edge: string
  readonly way: Way
  readonly conversation: string
  readonly id: string
  readonly again: boolean
  /** Digest of what is sent; undefined for a change of members, whose effect the server decides. */
  readonly content?: string
  /** Made to be refused: the id was acknowledged before with other content. */
  readonly conflicts?: true
}

/** A response: stored at this seq. */
export interface Sent {
  readonly type: 'sent'
  readonly at: number
  readonly device: string
  readonly edge: string
  readonly way: Way
  readonly conversation: string
  readonly id: string
  readonly seq: number
}

/** A response: refused. Whether it may be stored nevertheless follows from the code. */
export interface Refused {
  readonly type: 'refused'
  readonly at: number
  readonly device: string
  readonly edge: string
  readonly way: Way
  readonly conversation: string
  readonly id: string
  readonly code: string
}

/** A REST call ended without a response: the outcome is unknown. (A session's end says so of all it had in flight.) */
export interface Unanswered {
  readonly type: 'unanswered'
  readonly at: number
  readonly device: string
  readonly edge: string
  readonly conversation: string
  readonly id: string
  readonly reason: string
}

/** A session is ready. `had`: how far its device had got, by conversation, when it said hello. */
export interface Connected {
  readonly type: 'connected'
  readonly at: number
  readonly device: string
  readonly session: string
  readonly edge: string
  readonly had: Readonly<Record<string, number>>
}

export interface Closed {
  readonly type: 'closed'
  readonly at: number
  readonly device: string
  readonly session: string
  readonly edge: string
  /** Whether the device itself ended it. */
  readonly wanted: boolean
  readonly reason: string
}

/** A session is told where its view of a conversation begins: behind `after`. */
export interface Begins {
  readonly type: 'begins'
  readonly at: number
  readonly session: string
  readonly conversation: string
  readonly after: number
  /** An answer to the device's cursor; else the conversation is new to it, or its user is a member again. */
  readonly resumed: boolean
}

/** A session is told that its user is no longer a member. */
export interface Left {
  readonly type: 'left'
  readonly at: number
  readonly session: string
  readonly conversation: string
}

/** A message as somebody saw it: seq, message_id, digest of its content, its time, whom it removes. */
export type SeenMessage =
  | readonly [seq: number, id: string, content: string, time: number]
  | readonly [seq: number, id: string, content: string, time: number, removes: readonly string[]]

/** Messages came to a session by themselves: all that exist in (after, upto]. */
export interface Delivered {
  readonly type: 'delivered'
  readonly at: number
  readonly device: string
  readonly session: string
  readonly conversation: string
  readonly after: number
  readonly upto: number
  readonly messages: readonly SeenMessage[]
}

/** A page of history that was asked for: all that exist in (after, upto]. */
export interface Page {
  readonly type: 'page'
  readonly askedAt: number
  readonly at: number
  readonly device: string
  readonly way: Way
  readonly conversation: string
  readonly after: number
  readonly upto: number
  readonly head: number
  readonly messages: readonly SeenMessage[]
}

/** A conversation read from its first message to its head; `final`: after all faults ended and everything settled. */
export interface FullRead {
  readonly type: 'full-read'
  readonly askedAt: number
  readonly at: number
  readonly reader: string
  readonly way: Way
  readonly edge: string
  readonly conversation: string
  readonly head: number
  readonly messages: readonly SeenMessage[]
  readonly final: boolean
}

/** An invocation: a user moves its cursors. */
export interface Marking {
  readonly type: 'marking'
  readonly at: number
  readonly user: string
  readonly way: Way
  readonly conversation: string
  readonly delivered: number
  readonly read: number
}

/** A response to a marking over REST: the cursors stand at least there. */
export interface Marked {
  readonly type: 'marked'
  readonly at: number
  readonly user: string
  readonly conversation: string
  readonly delivered: number
  readonly read: number
}

/** Somebody is told a member's cursors: in answer to a question (`askedAt`), or by itself. */
export interface Cursors {
  readonly type: 'cursors'
  readonly askedAt?: number
  readonly at: number
  /** Who is told: a session, or a reader over REST. */
  readonly by: string
  readonly conversation: string
  readonly user: string
  readonly delivered: number
  readonly read: number
}

/** A consumer of the event stream got messages, in the order of its partition. */
export interface Streamed {
  readonly type: 'streamed'
  readonly at: number
  readonly partition: number
  /** Place of the event in its partition. */
  readonly offset: string
  readonly conversation: string
  readonly messages: readonly SeenMessage[]
}

/** A fault begins or has ended. */
export interface FaultChanged {
  readonly type: 'fault'
  readonly at: number
  /** Tells faults of one run apart. */
  readonly number: number
  readonly fault: string
  readonly phase: 'begin' | 'end'
  /** Components that it strikes, by name: `edge-1`, `node-2`, `cassandra-1`. */
  readonly targets: readonly string[]
}

/** A component was started, is ready, or has ended. */
export interface ProcessChanged {
  readonly type: 'process'
  readonly at: number
  readonly name: string
  readonly pid: number
  readonly event: 'started' | 'ready' | 'ended'
  readonly detail?: string
}

/** After the faults: everything that did not come to rest in time. */
export interface Settled {
  readonly type: 'settled'
  readonly at: number
  readonly tookMs: number
  readonly unfinished: readonly string[]
}
