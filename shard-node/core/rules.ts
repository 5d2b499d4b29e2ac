/**
 * The rules of the design without which an acknowledged message is lost, doubled or out of order, each with a switch.
 * In production all are on. The simulator turns one off at a time to prove that its checkers would see the accident
 * (SPEC.md ties each rule to its checker).
 */
export interface ShardRules {
  /** A seal check counts for an entry only if it began after the entry's append had completed (design §4.4). */
  readonly checkAfterWrite: boolean
  /** Entries commit in the order of their offsets: the committed prefix has no hole (§4.4). */
  readonly commitInOrder: boolean
  /** An append of unknown outcome is written again, same bytes, same offset, until it succeeds (§4.3). */
  readonly rewriteUntilWritten: boolean
  /** Subscribers and views see only what is committed (§4.5). */
  readonly feedAfterCommit: boolean
  /** A read that must be fresh waits for a seal check that began after the read came (§4.6). */
  readonly readsAfterCheck: boolean
  /** A message_id that misses the window is looked up in the view, unless the window reaches back to `seen` (§4.1). */
  readonly lookUpForgotten: boolean
  /** After a bounce, later requests of the same attempt are dropped: the edge sends them again, in order (§5). */
  readonly dropAfterBounce: boolean
  /** An owner that gets a slot (back) loads its conversations anew (§3). */
  readonly reloadAfterRegain: boolean
  /** Slots of a dead log are claimed only when the log is recovered and its tail is in the view (§3, step 5). */
  readonly recoverBeforeClaim: boolean
  /** A recoverer that sees nothing at an offset reads the materialise cursor once more before it takes it for the end (§4, Views). */
  readonly lookAgainAtCursor: boolean
  /** A slot is handed over only when all of it is committed and in the view (§6). */
  readonly handoffWaits: boolean
  /** What came after the other was told where a slot ends is in the view too, and noted, before the consent counts (§6). */
  readonly consentCoversAll: boolean
  /** A slot that was offered is served again only after a compare-and-set, which the other may have won (§6). */
  readonly reclaimByCompare: boolean
  /** What is erased is shown to nobody from the commit on, although the view has it still (decision 0081). */
  readonly hideErased: boolean
  /** A recoverer tells the view of the erasures that it finds in the log (decision 0081). */
  readonly recoverErasures: boolean
}

export const ALL_RULES: ShardRules = {
  checkAfterWrite: true,
  commitInOrder: true,
  rewriteUntilWritten: true,
  feedAfterCommit: true,
  readsAfterCheck: true,
  lookUpForgotten: true,
  dropAfterBounce: true,
  reloadAfterRegain: true,
  recoverBeforeClaim: true,
  lookAgainAtCursor: true,
  handoffWaits: true,
  consentCoversAll: true,
  reclaimByCompare: true,
  hideErased: true,
  recoverErasures: true,
}
