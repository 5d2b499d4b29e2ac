import type { EdgeId, EdgeLinkFrame, NodeId, NodeLinkFrame } from '@chat4all/protocol'
import type { Link, LinkDialer, LinkHandler, LinkListener } from './port.js'

/**
 * Links between edges and shard-nodes that share a process: frames are passed as the objects they are.
 *
 * This is the hot path of the all-in-one server, so a frame costs one push into an array. All frames that are sent in
 * one turn of the event loop arrive together in its check phase, which comes right after the sockets were read: so what
 * many sessions sent at once makes one batch, and nobody is called inside its own `send`.
 */
export interface InProcessLinks {
  dialer(edge: EdgeId): LinkDialer
  /** Its address is the node's id. */
  listener(node: NodeId): LinkListener
}

export function inProcessLinks(): InProcessLinks {
  const listening = new Map<string, Accept>()
  return {
    dialer(edge) {
      const open = new Set<LinkEnd<EdgeLinkFrame, NodeLinkFrame>>()
      let closed = false
      return {
        async dial(node, address, handler) {
          if (closed) throw new Error('this dialer is closed')
          const accept = listening.get(address)
          if (accept === undefined) throw new Error(`no shard-node of this process listens at '${address}'`)
          if (address !== node) throw new Error(`'${address}' is not the address of ${node}`)
          const edgeEnd = new LinkEnd<EdgeLinkFrame, NodeLinkFrame>((end) => open.delete(end))
          const nodeEnd = accept(edge, edgeEnd)
          edgeEnd.connect(nodeEnd, handler)
          open.add(edgeEnd)
          return edgeEnd
        },
        async close() {
          closed = true
          for (const end of open) end.close()
        },
      }
    },
    listener(node) {
      const open = new Set<LinkEnd<NodeLinkFrame, EdgeLinkFrame>>()
      return {
        async listen(accept) {
          if (listening.has(node)) throw new Error(`${node} listens already`)
          listening.set(node, (edge, edgeEnd) => {
            const nodeEnd = new LinkEnd<NodeLinkFrame, EdgeLinkFrame>((end) => open.delete(end))
            nodeEnd.connect(edgeEnd, accept(edge, nodeEnd))
            open.add(nodeEnd)
            return nodeEnd
          })
          return { address: node }
        },
        async close() {
          listening.delete(node)
          for (const end of open) end.close()
        },
      }
    },
  }
}

type Accept = (edge: EdgeId, edgeEnd: LinkEnd<EdgeLinkFrame, NodeLinkFrame>) => LinkEnd<NodeLinkFrame, EdgeLinkFrame>

/** One side of a link: what it sends goes to the handler of its peer. */
class LinkEnd<Out, In> implements Link<Out> {
  /** The next turn delivers them: nothing is ever under way for longer. */
  readonly bufferedBytes = 0
  readonly wholeTurns = true
  private peer: LinkEnd<In, Out> | undefined
  private handler: LinkHandler<In> | undefined
  private outgoing: Out[] = []
  private state: 'open' | 'closed here' | 'closed there' = 'open'
  private scheduled = false
  private finished = false
  private readonly onClosed: (end: LinkEnd<Out, In>) => void
  // Made once per link, so that a batch needs no closure.
  private readonly turn = (): void => this.deliver()

  constructor(onClosed: (end: LinkEnd<Out, In>) => void) {
    this.onClosed = onClosed
  }

  connect(peer: LinkEnd<In, Out>, handler: LinkHandler<In>): void {
    this.peer = peer
    this.handler = handler
  }

  send(frames: readonly Out[]): void {
    if (this.state !== 'open') return
    for (let i = 0; i < frames.length; i++) this.outgoing.push(frames[i]!)
    this.schedule()
  }

  close(): void {
    if (this.state !== 'open') return
    this.state = 'closed here'
    this.schedule()
  }

  private schedule(): void {
    if (this.scheduled) return
    this.scheduled = true
    setImmediate(this.turn)
  }

  private deliver(): void {
    this.scheduled = false
    const peer = this.peer!
    const batch = this.outgoing
    this.outgoing = []
    if (batch.length > 0 && peer.state === 'open') peer.handler!.frames(batch)
    if (this.state !== 'closed here') return
    this.finish('closed by this side')
    if (peer.state === 'open') {
      peer.state = 'closed there'
      peer.finish('closed by the other side')
    }
  }

  private finish(reason: string): void {
    if (this.finished) return
    this.finished = true
    this.outgoing = []
    this.onClosed(this)
    this.handler!.closed(reason)
  }
}
