/**
 * The rules of the design that the edge keeps and without which a session sees a gap or a wrong order, each with a
 * switch. In production all are on. The simulator turns one off at a time to prove that its checkers would see the
 * accident (shard-node/core/SPEC.md ties each rule to its checker).
 */
export interface EdgeRules {
  /**
   * After a bounce or a lost link, everything of the slot that is unanswered is sent again, in order, under the next
   * attempt (design §5). Off: only the request that was bounced is sent again, behind what is under way.
   */
  readonly goBackN: boolean
  /** Subscribe first and buffer what comes live, then read what was missed (§5). Off: read first, then subscribe. */
  readonly subscribeBeforeRead: boolean
}

export const ALL_RULES: EdgeRules = {
  goBackN: true,
  subscribeBeforeRead: true,
}
