import type { EdgeId, EdgeLinkFrame, NodeId, NodeLinkFrame } from '@chat4all/protocol'

/**
 * A link joins one edge and one shard-node: ordered, and whole or gone. In one process it passes the frame objects
 * as they are, in a later turn of the event loop; between processes it is TCP with length-prefixed packets.
 * A frame handed to `send` belongs to the link: nobody changes it, or the bytes that it refers to, afterwards.
 */
export interface Link<Out> {
  /** Sends frames in order. After the link is closed it does nothing: `closed` has told, or will tell, the handler. */
  send(frames: readonly Out[]): void
  /** Bytes accepted by `send` that the other side's machine has not taken yet. */
  readonly bufferedBytes: number
  /**
   * What the other side sent in one turn of the event loop comes in one call of the handler, whatever number of
   * callbacks sent it: waiting for more before acting upon it gains nothing.
   */
  readonly wholeTurns?: boolean
  close(): void
}

export interface LinkHandler<In> {
  /** Frames in order, as many as came together. */
  frames(frames: readonly In[]): void
  /** Called once, last. What was sent and not answered may or may not have arrived. */
  closed(reason: string): void
}

/** How an edge reaches shard-nodes. */
export interface LinkDialer {
  /**
   * Resolves when the node has answered `link_welcome`; only then is the handler called for the first time. Rejects,
   * and never calls the handler, when the node cannot be reached in time, refuses, or is another than `node`.
   */
  dial(node: NodeId, address: string, handler: LinkHandler<NodeLinkFrame>): Promise<Link<EdgeLinkFrame>>
  /** Closes every link that it dialed. */
  close(): Promise<void>
}

/** Where a shard-node takes links. */
export interface LinkListener {
  /** `accept` is called once per link, when its `link_hello` was good; it returns the handler of the frames that follow. */
  listen(
    accept: (edge: EdgeId, link: Link<NodeLinkFrame>) => LinkHandler<EdgeLinkFrame>,
  ): Promise<{ readonly address: string }>
  /** Takes no more links and closes those that are open. */
  close(): Promise<void>
}
