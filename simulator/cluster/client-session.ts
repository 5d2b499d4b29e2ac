import type { ClientFrame, ConversationId, Cseq, MessageId, Seq, ServerFrame } from '@chat4all/protocol'
import type { ClientConnection } from './edge.js'

/** A request that is handed to one session after the other until it is answered. */
export interface Request {
  readonly messageId: MessageId
  readonly conversation: ConversationId | undefined
  readonly make: (cseq: Cseq, claim: Claim) => ClientFrame
  readonly answered?: (frame: ServerFrame) => void
  /** Number in the present session; undefined: not handed to it yet. */
  cseq: Cseq | undefined
  handedOver: boolean
  /** How far the client had seen when it was first handed over; undefined: it does not say. */
  seen: Seq | undefined
}

/** What a frame says of how long its message_id may have been in use. */
export interface Claim {
  readonly seen?: Seq
}

export interface Session {
  readonly name: string
  readonly connection: ClientConnection
  readonly openedAt: number
  welcome: boolean
  ready: boolean
  nextCseq: number
  /** After `busy`: nothing is sent before this moment. */
  waitUntil: number
  heardAt: number
  nextAsk: number
  /** When lists of conversations were asked for. */
  readonly lists: Map<number, number>
  readonly asks: Map<number, { readonly at: number; readonly conversation: ConversationId }>
}

export function claimOf({ seen }: Request): Claim {
  return seen === undefined ? {} : { seen }
}
