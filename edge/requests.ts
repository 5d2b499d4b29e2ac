import type {
  Answer,
  AppId,
  ChangeFrame,
  ConversationInfo,
  InspectFrame,
  MarkFrame,
  Millis,
  OpenFrame,
  PostFrame,
  ReadFrame,
  RosterFrame,
  Seq,
  StatusFrame,
  UserId,
} from '@chat4all/protocol'

/** What a request is, less its place in the pipeline: the edge adds that. */
type Asked<F> = Omit<F, 'slot' | 'attempt' | 'n'>

/**
 * The way to the owners for callers that want a promise (REST; sessions use the same pipelines without one).
 * Bounces and lost links are retried inside; a promise rejects with a Chat4AllError: a refusal of the owner, BUSY when
 * the pipeline of the slot is full, or UNAVAILABLE when the deadline passed (the request may yet happen).
 */
export interface Requests {
  post(request: Asked<PostFrame>): Promise<{ readonly seq: Seq; readonly time: Millis }>
  change(request: Asked<ChangeFrame>): Promise<{ readonly seq: Seq; readonly time: Millis }>
  open(request: Asked<OpenFrame>): Promise<Extract<Answer, { type: 'opened' }>>
  mark(request: Asked<MarkFrame>): Promise<void>
  read(request: Asked<ReadFrame>): Promise<Extract<Answer, { type: 'page' }>>
  inspect(request: Asked<InspectFrame>): Promise<ConversationInfo>
  /** Members, in the order of their ids. */
  roster(request: Asked<RosterFrame>): Promise<Extract<Answer, { type: 'roster' }>>
  /** A message, and who has it. */
  status(request: Asked<StatusFrame>): Promise<Extract<Answer, { type: 'status' }>>
  /** Asks every shard-node. With `left`, also for those that the user has left. */
  conversationsOf(app: AppId, user: UserId, left?: boolean): Promise<ConversationInfo[]>
}
