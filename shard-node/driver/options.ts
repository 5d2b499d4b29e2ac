import type { NodeId } from '@chat4all/protocol'
import type { LinkDialer, LinkListener, Members } from '@chat4all/router'
import type { EventGroups, EventStream, MessageView, NodeLogs, Presence, SlotTable } from '@chat4all/storage'
import type { PublicationConfig, ShardConfig } from '../core/index.js'
import type { ShardNodeEvents } from '../events.js'

/** What a shard-node is started with, and what its owner sees of it. */

export interface ShardNodeOptions {
  readonly node: NodeId
  readonly weight?: number
  readonly logs: NodeLogs
  readonly view: MessageView
  readonly slots: SlotTable
  readonly members: Members
  readonly presence: Presence
  /** Where everything committed is published to; without it, nowhere. */
  readonly stream?: EventStream
  /** Groups of this process that read the logs themselves. */
  readonly groups?: EventGroups
  readonly listener: LinkListener
  /** How other shard-nodes are reached, for slots to be handed over. Without it slots move only by failover. */
  readonly dialer?: LinkDialer
  readonly events: ShardNodeEvents
  readonly config?: Partial<ShardConfig>
  /** How patiently it publishes. */
  readonly publishing?: Partial<PublicationConfig>
  /** Storage that cannot go on (a failed fsync, a full disk): nothing more is acknowledged, the process must end. */
  readonly onFatal: (error: Error) => void
  readonly now?: () => number
  /** How long `stop` may take to hand slots over; 20,000 when left out. */
  readonly drainMs?: number
  /** How often it looks for logs of nodes that left for good; 60,000 when left out. */
  readonly abandonedLookMs?: number
}

export interface ShardNode {
  readonly node: NodeId
  readonly address: string
  /** Slots served now. */
  readonly serving: number
  /**
   * Hands its slots to other members if there are any, brings everything acknowledged into the view, leaves the members,
   * closes the links.
   */
  stop(): Promise<void>
}
