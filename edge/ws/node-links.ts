import type { EdgeLinkFrame, NodeId, NodeLinkFrame } from '@chat4all/protocol'
import type { Link, LinkDialer, Member } from '@chat4all/router'

/** What becomes of the links. */
export interface NodeLinksHandler {
  opened(node: NodeId): void
  frames(node: NodeId, frames: readonly NodeLinkFrame[]): void
  closed(node: NodeId, reason: string): void
  /** A node could not be dialed; it is tried again. */
  unreachable(node: NodeId, reason: string): void
}

export interface NodeLinksOptions {
  readonly dialer: LinkDialer
  readonly handler: NodeLinksHandler
  readonly redialMsMin: number
  readonly redialMsMax: number
  readonly random: () => number
}

interface Peer {
  readonly node: NodeId
  readonly address: string
  link: Link<EdgeLinkFrame> | undefined
  timer: NodeJS.Timeout | undefined
  failures: number
  /** Still among the members: dialed again when its link is gone. */
  wanted: boolean
}

/**
 * One link to each member, dialed again until it stands. A link that stands is kept when its node is no longer among
 * the members: that it looks unhealthy to others does not stop it from serving.
 */
export class NodeLinks {
  private readonly options: NodeLinksOptions
  private readonly peers = new Map<NodeId, Peer>()
  private wantedAddresses: ReadonlyMap<NodeId, string> = new Map()
  private closed = false

  constructor(options: NodeLinksOptions) {
    this.options = options
  }

  membersChanged(members: readonly Member[]): void {
    if (this.closed) return
    const addresses = new Map(members.map(({ node, address }) => [node, address]))
    this.wantedAddresses = addresses
    for (const peer of [...this.peers.values()]) {
      if (addresses.get(peer.node) === peer.address) continue
      peer.wanted = false
      if (peer.link === undefined) this.forget(peer)
    }
    for (const [node, address] of addresses) {
      const known = this.peers.get(node)
      if (known !== undefined && known.address === address) known.wanted = true
      // One that moved is dialed at its new address when the link to the old one is gone.
      else if (known?.link === undefined) this.add(node, address)
      else known.link.close()
    }
  }

  private add(node: NodeId, address: string): void {
    const peer: Peer = { node, address, link: undefined, timer: undefined, failures: 0, wanted: true }
    this.peers.set(node, peer)
    void this.dial(peer)
  }

  private forget(peer: Peer): void {
    clearTimeout(peer.timer)
    if (this.peers.get(peer.node) === peer) this.peers.delete(peer.node)
  }

  private async dial(peer: Peer): Promise<void> {
    const { dialer, handler } = this.options
    const { node, address } = peer
    let gone = false
    try {
      const link = await dialer.dial(node, address, {
        frames: (frames) => handler.frames(node, frames),
        closed: (reason) => {
          gone = true
          this.lost(peer, reason)
        },
      })
      if (this.closed || this.peers.get(node) !== peer) {
        link.close()
        return
      }
      if (gone) return this.redial(peer)
      peer.link = link
      peer.failures = 0
      handler.opened(node)
    } catch (error) {
      if (this.closed || this.peers.get(node) !== peer) return
      handler.unreachable(node, error instanceof Error ? error.message : String(error))
      this.redial(peer)
    }
  }

  private lost(peer: Peer, reason: string): void {
    // Closed before it counted as open, or after everything was closed.
    if (peer.link === undefined) return
    peer.link = undefined
    this.options.handler.closed(peer.node, reason)
    if (this.closed) return
    const address = this.wantedAddresses.get(peer.node)
    if (peer.wanted && address === peer.address) return this.redial(peer)
    this.forget(peer)
    if (address !== undefined) this.add(peer.node, address)
  }

  private redial(peer: Peer): void {
    const { redialMsMin, redialMsMax, random } = this.options
    const ceiling = Math.min(redialMsMax, redialMsMin * 2 ** Math.min(peer.failures, 16))
    peer.failures++
    peer.timer = setTimeout(() => void this.dial(peer), ceiling * (0.5 + random() / 2))
  }

  send(node: NodeId, frames: EdgeLinkFrame[]): void {
    this.peers.get(node)?.link?.send(frames)
  }

  async close(): Promise<void> {
    this.closed = true
    for (const peer of this.peers.values()) clearTimeout(peer.timer)
    await this.options.dialer.close()
  }
}
