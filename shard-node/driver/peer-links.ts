import type { EdgeId, EdgeLinkFrame, NodeId, NodeLinkFrame } from '@chat4all/protocol'
import type { Link, LinkDialer, Member } from '@chat4all/router'

export interface PeerLinksHandler {
  frames(node: NodeId, frames: readonly NodeLinkFrame[]): void
  closed(node: NodeId): void
}

/** A node that could not be dialed is left alone for so long: whoever wants something of it asks again later. */
const REDIAL_MS = 1_000
/** Frames kept while a link is being dialed. */
const WAITING_MAX = 1_024

type Peer =
  | { readonly state: 'dialing'; readonly waiting: EdgeLinkFrame[] }
  | { readonly state: 'open'; readonly link: Link<EdgeLinkFrame> }
  | { readonly state: 'failed'; readonly until: number }

/** As what a shard-node greets another: an edge that has no clients. */
export function peerName(node: NodeId): EdgeId {
  return `node:${node}` as string as EdgeId
}

/** Links to other shard-nodes, dialed when there is something to say: handoffs are rare, so most pairs never talk. */
export class PeerLinks {
  private readonly dialer: LinkDialer
  private readonly handler: PeerLinksHandler
  private readonly peers = new Map<NodeId, Peer>()
  private addresses: ReadonlyMap<NodeId, string> = new Map()
  private closed = false

  constructor(dialer: LinkDialer, handler: PeerLinksHandler) {
    this.dialer = dialer
    this.handler = handler
  }

  membersChanged(members: readonly Member[]): void {
    this.addresses = new Map(members.map(({ node, address }) => [node, address]))
  }

  /** Sends the frame, or loses it. */
  send(node: NodeId, frame: EdgeLinkFrame): void {
    const peer = this.peers.get(node)
    if (peer?.state === 'open') return peer.link.send([frame])
    if (peer?.state === 'dialing') {
      if (peer.waiting.length < WAITING_MAX) peer.waiting.push(frame)
      return
    }
    const address = this.addresses.get(node)
    if (this.closed || address === undefined || (peer?.state === 'failed' && performance.now() < peer.until)) return
    void this.dial(node, address, frame)
  }

  private async dial(node: NodeId, address: string, frame: EdgeLinkFrame): Promise<void> {
    const waiting = [frame]
    this.peers.set(node, { state: 'dialing', waiting })
    let gone = false
    try {
      const link = await this.dialer.dial(node, address, {
        frames: (frames) => this.handler.frames(node, frames),
        closed: () => {
          gone = true
          this.peers.delete(node)
          this.handler.closed(node)
        },
      })
      if (this.closed) return link.close()
      if (gone) return
      this.peers.set(node, { state: 'open', link })
      link.send(waiting)
    } catch {
      this.peers.set(node, { state: 'failed', until: performance.now() + REDIAL_MS })
      this.handler.closed(node)
    }
  }

  async close(): Promise<void> {
    this.closed = true
    await this.dialer.close()
  }
}
