import type {
  AppId,
  ConversationChange,
  ConversationId,
  EdgeLinkFrame,
  LogId,
  Millis,
  NodeId,
  NodeLinkFrame,
  Offset,
  Seq,
  Slot,
  SlotMove,
  UserId,
} from '@chat4all/protocol'

/**
 * What the core asks of the world. A driver carries each effect out and tells the outcome through the method of
 * `ShardNodeCore` named in its comment; it may take any time, and outcomes may come in any order. `log` names the
 * incarnation that asks and is told back with the outcome: what an earlier incarnation asked is no news to this one.
 */
export type Effect =
  /** Frame to the edge behind a link; lost when the link is gone. */
  | { readonly type: 'send'; readonly link: LinkId; readonly frame: NodeLinkFrame }
  /** Frame to every link whose edge may have a session of one of these users (Presence). Best effort. */
  | { readonly type: 'invite'; readonly app: AppId; readonly users: readonly UserId[]; readonly frame: NodeLinkFrame }
  /** NodeLogs.open → opened. */
  | { readonly type: 'open-log'; readonly log: LogId }
  /** NodeLogs.append → appended | appendFailed. */
  | { readonly type: 'append'; readonly log: LogId; readonly offset: Offset; readonly entry: Uint8Array }
  /** NodeLogs.isSealed, begun now → sealChecked | sealCheckFailed. */
  | { readonly type: 'check-seal'; readonly log: LogId; readonly check: number }
  /** MessageView.load and the newest message → loaded | loadFailed. */
  | { readonly type: 'load'; readonly log: LogId; readonly conversation: ConversationId }
  /** MessageView.find → found (failed: 'failed'). */
  | {
      readonly type: 'find'
      readonly conversation: ConversationId
      readonly messageId: Uint8Array
      readonly token: number
    }
  /** MessageView.messages → messagesRead. */
  | {
      readonly type: 'read-messages'
      readonly token: number
      readonly conversation: ConversationId
      readonly after: Seq
      readonly before: Seq
      readonly limit: number
      readonly newestFirst: boolean
    }
  /** MessageView.receipts → receiptsRead. */
  | {
      readonly type: 'read-receipts'
      readonly token: number
      readonly conversation: ConversationId
      readonly seq: Seq
      readonly users: readonly UserId[]
    }
  /** MessageView.conversationsOf → listed. */
  | {
      readonly type: 'list'
      readonly token: number
      readonly app: AppId
      readonly user: UserId
      /** Also those that the user has left. */
      readonly left: boolean
    }
  /** MessageView.apply → applied | applyFailed. Two at a time at most, and none twice of one conversation. */
  | {
      readonly type: 'apply'
      readonly log: LogId
      readonly write: number
      readonly changes: readonly ConversationChange[]
    }
  /** NodeLogs.saveCursor(materialised), then dropBelow: nobody waits for it. */
  | { readonly type: 'save-cursor'; readonly log: LogId; readonly cursor: Offset }
  /** SlotTable.read → slotsRead. */
  | { readonly type: 'read-slots'; readonly log: LogId }
  /** SlotTable.claim → claimed | claimFailed. */
  | { readonly type: 'claim'; readonly log: LogId; readonly moves: readonly SlotMove[] }
  /**
   * Frame to another shard-node, over a link that is opened when first needed; lost when it cannot be. What comes back
   * → peerFrames; the end of the link → peerLost.
   */
  | { readonly type: 'tell-node'; readonly node: NodeId; readonly frame: EdgeLinkFrame }
  /** A slot went to another node; its requests had to wait so long. For counters and logs. */
  | { readonly type: 'handed-over'; readonly slot: Slot; readonly to: NodeId; readonly pauseMs: number }
  /** A step of recovering another log: see Recovery. Outcome through `recoveryStep`. */
  | { readonly type: 'recover'; readonly log: LogId; readonly step: RecoveryRequest }
  /** An entry is committed: for counters, logs and traces; nothing to carry out. */
  | {
      readonly type: 'committed'
      readonly offset: Offset
      readonly bytes: number
      readonly conversations: readonly CommittedMessages[]
    }
  /** These slots are served from now on (Members.hint), or no longer. */
  | { readonly type: 'serving'; readonly slots: readonly Slot[] }
  /** The log was sealed by another: the node acknowledges nothing more and begins again with a new log. */
  | { readonly type: 'deposed'; readonly log: LogId }

export interface CommittedMessages {
  readonly conversation: { readonly id: ConversationId }
  readonly posts: readonly {
    readonly seq: Seq
    readonly message_id: Uint8Array
    readonly time: Millis
    readonly trace: string | undefined
  }[]
}

export type LinkId = number & { readonly kind: 'link' }

export type RecoveryRequest =
  | { readonly type: 'seal' }
  | { readonly type: 'cursor' }
  | { readonly type: 'read'; readonly from: Offset; readonly limit: number }
  | { readonly type: 'write-back'; readonly offset: Offset; readonly entry: Uint8Array }
  | { readonly type: 'decide-end'; readonly end: Offset }
  | { readonly type: 'apply'; readonly changes: readonly ConversationChange[] }
  | { readonly type: 'save-cursor'; readonly cursor: Offset }

/** Outcomes of {@link RecoveryRequest}; `failed` (unknown outcome) is answered by asking the same again. */
export type RecoveryOutcome =
  | { readonly type: 'sealed' }
  | { readonly type: 'cursor'; readonly materialised: Offset }
  | { readonly type: 'entries'; readonly entries: readonly Uint8Array[] }
  | { readonly type: 'written-back' }
  | { readonly type: 'end'; readonly end: Offset }
  | { readonly type: 'applied' }
  | { readonly type: 'cursor-saved' }
  | { readonly type: 'failed' }
