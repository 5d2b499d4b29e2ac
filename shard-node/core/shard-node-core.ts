import type {
  ConversationId,
  EdgeId,
  EdgeLinkFrame,
  LogId,
  Millis,
  NodeId,
  Offset,
  Seq,
  Slot,
} from '@chat4all/protocol'
import type { Effect, LinkId, RecoveryOutcome, SlotRow, StoredConversation, StoredMessage } from './effects.js'

/** INTERFACE DRAFT (the class that follows implements exactly this). */
export interface ShardNodeCoreApi {
  /** Begins an incarnation: opens `log` (a fresh, never used name), then reads the slot table. `oldLogs`: own logs to recover. */
  start(log: LogId, oldLogs: readonly LogId[], now: Millis): void
  /** Nodes that look healthy, and the owner each slot should have by the ring (index = slot). */
  membersChanged(healthy: readonly NodeId[], desired: readonly (NodeId | undefined)[], now: Millis): void

  linkOpened(link: LinkId, edge: EdgeId, now: Millis): void
  linkClosed(link: LinkId, now: Millis): void
  frames(link: LinkId, frames: readonly EdgeLinkFrame[], now: Millis): void
  /** End of a turn: starts a flush if anything waits and the pipeline has room. Call after each batch of inputs. */
  flush(now: Millis): void
  /** Every 50–100 ms: materialise, evict, retry. */
  tick(now: Millis): void

  opened(log: LogId, now: Millis): void
  appended(log: LogId, offset: Offset, now: Millis): void
  appendFailed(log: LogId, offset: Offset, now: Millis): void
  sealChecked(log: LogId, check: number, sealed: boolean, now: Millis): void
  sealCheckFailed(log: LogId, check: number, now: Millis): void
  loaded(
    conversation: ConversationId,
    stored: StoredConversation | undefined,
    last: StoredMessage | undefined,
    now: Millis,
  ): void
  loadFailed(conversation: ConversationId, now: Millis): void
  found(token: number, seq: Seq | undefined | 'failed', now: Millis): void
  messagesRead(token: number, messages: readonly StoredMessage[] | 'failed', now: Millis): void
  listed(token: number, conversations: readonly ConversationId[] | 'failed', now: Millis): void
  applied(log: LogId, upTo: Offset, now: Millis): void
  applyFailed(log: LogId, upTo: Offset, now: Millis): void
  slotsRead(rows: readonly SlotRow[], now: Millis): void
  claimed(results: readonly boolean[], now: Millis): void
  claimFailed(now: Millis): void
  recoveryStep(log: LogId, outcome: RecoveryOutcome, now: Millis): void

  /** Effects since the last call, in order. */
  takeEffects(): Effect[]
  /** Slots served now. */
  readonly serving: readonly Slot[]
}
