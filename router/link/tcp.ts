import { createHash, timingSafeEqual } from 'node:crypto'
import { connect, createServer, type Socket } from 'node:net'
import { checkServerIdentity, connect as connectTls, createServer as createTlsServer } from 'node:tls'
import type { EdgeId, EdgeLinkFrame, NodeId, NodeLinkFrame } from '@chat4all/protocol'
import { frameCodec, linkFrames } from '@chat4all/protocol'
import type { LinkDialer, LinkHandler, LinkListener } from './port.js'
import { PACKET_BYTES_MAX, TcpLink } from './tcp-link.js'

/**
 * Links over TCP. The edge says `link_hello`, with the cluster's secret where there is one; the node answers
 * `link_welcome`, or `link_refused` with the reason. The edge pings each second; after three without a byte from the
 * other, either side ends the link. Bytes that are no packet of frames end it too, with a reason, and nothing else.
 *
 * With `tls` both sides show a certificate of the cluster's authority. That of a shard-node names its node id, as a DNS
 * name, so that a link to node-2 reaches node-2 wherever it runs, and no other process of the cluster.
 */

const BEAT_MS = 1_000
const GREETING_MS = 3_000
/** A peer that has not shown who it is cannot make us hold more. */
const GREETING_BYTES_MAX = 4 * 1024

const edgeCodec = frameCodec(linkFrames.EDGE_LINK_FRAMES)
const nodeCodec = frameCodec(linkFrames.NODE_LINK_FRAMES)
const PING: EdgeLinkFrame[] = [{ t: 'link_ping' }]
const PONG: NodeLinkFrame[] = [{ t: 'link_pong' }]

/** PEM texts: of the authority that both sides trust, and of this process. */
export interface LinkTls {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export interface TcpLinkOptions {
  /** TLS 1.3 with certificates on both sides; plain TCP without. */
  readonly tls?: LinkTls | undefined
  /** The cluster's shared secret; the same on both sides, or absent on both. */
  readonly secret?: string | undefined
  /** Time between heartbeats. */
  readonly beatMs?: number
  /** How long connecting and greeting may take. */
  readonly greetingMs?: number
}

export interface TcpListenerOptions extends TcpLinkOptions {
  readonly host: string
  /** 0: any free port; `listen` tells which. */
  readonly port: number
  /** A link was refused: for the log. */
  readonly onRefused?: (remote: string, reason: string) => void
}

export function tcpLinkDialer(edge: EdgeId, options: TcpLinkOptions = {}): LinkDialer {
  const { tls, secret, beatMs = BEAT_MS, greetingMs = GREETING_MS } = options
  const links = new Set<TcpLink<EdgeLinkFrame, NodeLinkFrame>>()
  let closed = false

  return {
    dial(node, address, handler) {
      return new Promise((resolve, reject) => {
        if (closed) throw new Error('this dialer is closed')
        const socket = connectTo(node, address, tls)
        let welcome = false
        const fail = (why: string): void => {
          clearTimeout(timer)
          reject(new Error(`no link to ${node} at ${address}: ${why}`))
          link.abort(why)
        }
        const timer = setTimeout(() => fail(`no answer within ${greetingMs} ms`), greetingMs)

        const link = new TcpLink(socket, { outgoing: edgeCodec, incoming: nodeCodec }, PACKET_BYTES_MAX, {
          frames(frames) {
            if (welcome) return deliver(handler, frames, isHeartbeatOfNode)
            const first = frames[0]!
            const fault = faultOfWelcome(first, node)
            if (fault !== undefined) return fail(fault)
            welcome = true
            clearTimeout(timer)
            link.opened(beatMs, () => link.send(PING))
            resolve(link)
            // In a later turn, so that the caller has the link in hand when the first frame comes.
            link.holdIncoming(() => deliver(handler, frames.slice(1), isHeartbeatOfNode))
          },
          closed(reason) {
            links.delete(link)
            if (welcome) handler.closed(reason)
            else fail(reason)
          },
        })
        links.add(link)
        link.send([{ t: 'link_hello', version: linkFrames.LINK_VERSION, edge, secret }])
      })
    },
    async close() {
      closed = true
      for (const link of links) link.close()
    },
  }
}

export function tcpLinkListener(node: NodeId, options: TcpListenerOptions): LinkListener {
  const { tls, secret, host, port, onRefused, beatMs = BEAT_MS, greetingMs = GREETING_MS } = options
  const links = new Set<TcpLink<NodeLinkFrame, EdgeLinkFrame>>()
  const server =
    tls === undefined
      ? createServer()
      : createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' })

  function greet(socket: Socket, accept: Parameters<LinkListener['listen']>[0]): void {
    const remote = `${socket.remoteAddress}:${socket.remotePort}`
    let handler: LinkHandler<EdgeLinkFrame> | undefined
    let refused = false
    const noteRefusal = (reason: string): void => {
      if (!refused) onRefused?.(remote, reason)
      refused = true
    }
    const timer = setTimeout(() => link.abort(`no link_hello within ${greetingMs} ms`), greetingMs)

    const link = new TcpLink(socket, { outgoing: nodeCodec, incoming: edgeCodec }, GREETING_BYTES_MAX, {
      frames(frames) {
        if (handler !== undefined) {
          if (frames.some(isPing)) link.send(PONG)
          return deliver(handler, frames, isPing)
        }
        clearTimeout(timer)
        const [hello, ...rest] = frames
        const fault = hello?.t === 'link_hello' ? faultOfHello(hello, secret) : 'the first frame is not link_hello'
        if (hello?.t !== 'link_hello' || fault !== undefined) {
          noteRefusal(fault!)
          link.send([{ t: 'link_refused', reason: fault! }])
          link.close()
          return
        }
        link.opened(beatMs, () => {})
        link.send([{ t: 'link_welcome', version: linkFrames.LINK_VERSION, node }])
        handler = accept(hello.edge, link)
        deliver(handler, rest, isPing)
      },
      closed(reason) {
        clearTimeout(timer)
        links.delete(link)
        if (handler === undefined) noteRefusal(reason)
        else handler.closed(reason)
      },
    })
    links.add(link)
  }

  return {
    listen(accept) {
      return new Promise((resolve, reject) => {
        server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => greet(socket, accept))
        server.on('tlsClientError', (error: Error, socket: Socket) => {
          onRefused?.(`${socket.remoteAddress}:${socket.remotePort}`, error.message)
        })
        server.once('error', (error) => reject(new Error(`cannot listen on ${host}:${port}: ${error.message}`)))
        server.listen({ host, port }, () => {
          const address = server.address() as { address: string; port: number; family: string }
          const shown = address.family === 'IPv6' ? `[${address.address}]` : address.address
          resolve({ address: `${shown}:${address.port}` })
        })
      })
    },
    async close() {
      if (!server.listening) return
      const done = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const link of links) link.close()
      await done
    },
  }
}

const isPing = (frame: EdgeLinkFrame): boolean => frame.t === 'link_ping'
const isHeartbeatOfNode = (frame: NodeLinkFrame): boolean => frame.t === 'link_pong'

function deliver<In>(handler: LinkHandler<In>, frames: readonly In[], isHeartbeat: (frame: In) => boolean): void {
  const kept = frames.some(isHeartbeat) ? frames.filter((frame) => !isHeartbeat(frame)) : frames
  if (kept.length > 0) handler.frames(kept)
}

function faultOfHello(
  hello: Extract<EdgeLinkFrame, { t: 'link_hello' }>,
  secret: string | undefined,
): string | undefined {
  if (hello.version !== linkFrames.LINK_VERSION) {
    return `the edge speaks version ${hello.version} of links, the node ${linkFrames.LINK_VERSION}`
  }
  if (!sameSecret(hello.secret, secret)) {
    if (secret === undefined) return 'the edge has a link secret and the node has none'
    return hello.secret === undefined ? 'the edge sent no link secret' : 'the link secret is wrong'
  }
  return undefined
}

function faultOfWelcome(first: NodeLinkFrame, node: NodeId): string | undefined {
  if (first.t === 'link_refused') return `refused: ${first.reason}`
  if (first.t !== 'link_welcome') return `the first frame is ${first.t}, not link_welcome`
  if (first.version !== linkFrames.LINK_VERSION) {
    return `the node speaks version ${first.version} of links, this edge ${linkFrames.LINK_VERSION}`
  }
  return first.node === node ? undefined : `${first.node} answers there`
}

/** Takes the same time wherever the two differ, and however long they are. */
function sameSecret(given: string | undefined, expected: string | undefined): boolean {
  const digest = (text: string | undefined) =>
    createHash('sha256')
      .update(text ?? '')
      .digest()
  return timingSafeEqual(digest(given), digest(expected)) && (given === undefined) === (expected === undefined)
}

function connectTo(node: NodeId, address: string, tls: LinkTls | undefined): Socket {
  const place = parseAddress(address)
  if (tls === undefined) return connect(place)
  return connectTls({
    ...place,
    ...tls,
    minVersion: 'TLSv1.3',
    checkServerIdentity: (_, certificate) => checkServerIdentity(node, certificate),
  })
}

function parseAddress(address: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(address)
  const host = match?.[1] ?? match?.[2]
  if (host === undefined) throw new Error(`'${address}' is not host:port`)
  return { host, port: Number(match![3]) }
}
