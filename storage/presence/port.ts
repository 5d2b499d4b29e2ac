import type { AppId, EdgeId, UserId } from '@chat4all/protocol'

/** On which edges a user has sessions. A hint: wrong or missing, a new conversation shows up later, never not at all. */
export interface Presence {
  /** Written before the user's conversation list is read. An edge says it of a user, not of each session. */
  arrive(app: AppId, user: UserId, edge: EdgeId): Promise<void>
  /** The user's last session on this edge is gone. */
  leave(app: AppId, user: UserId, edge: EdgeId): Promise<void>
  /** Edges where the user may be; `'everywhere'` when this adapter does not know (ask all linked edges). */
  where(app: AppId, user: UserId): Promise<readonly EdgeId[] | 'everywhere'>
  close(): Promise<void>
}
