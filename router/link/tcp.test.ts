import assert from 'node:assert/strict'
import { connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import type { EdgeId, EdgeLinkFrame, NodeId, NodeLinkFrame } from '@chat4all/protocol'
import { frameCodec, linkFrames, Writer } from '@chat4all/protocol'
import fc from 'fast-check'
import { linkContract, Recorder } from './link-contract.js'
import { type TcpLinkOptions, tcpLinkDialer, tcpLinkListener } from './tcp.js'
import { TestAuthority } from './test-certificates.js'

const edge = 'edge-1' as EdgeId
const node = 'node-1' as NodeId

linkContract('TCP', (edge, node) => ({
  dialer: tcpLinkDialer(edge),
  listener: tcpLinkListener(node, { host: '127.0.0.1', port: 0 }),
}))

linkContract('TCP over IPv6 with a secret', (edge, node) => ({
  dialer: tcpLinkDialer(edge, { secret: 'correct horse battery' }),
  listener: tcpLinkListener(node, { host: '::1', port: 0, secret: 'correct horse battery' }),
}))

const authority = new TestAuthority('cluster')

linkContract('TCP with TLS', (edge, node) => ({
  dialer: tcpLinkDialer(edge, { tls: authority.issue(edge) }),
  listener: tcpLinkListener(node, { host: '127.0.0.1', port: 0, tls: authority.issue(node) }),
}))

for (const [who, edgeTls, nodeTls, reason] of [
  ['an edge without a certificate', undefined, authority.issue(node), /closed|ECONNRESET|socket/],
  [
    'an edge of another authority',
    new TestAuthority('cluster').issue(edge),
    authority.issue(node),
    /certificate|unknown ca/,
  ],
  ['a node of another authority', authority.issue(edge), new TestAuthority('cluster').issue(node), /certificate/],
  ['a node with another’s certificate', authority.issue(edge), authority.issue('node-2'), /DNS:node-2/],
  ['a node without TLS', authority.issue(edge), undefined, /packet length|SSL|no answer|closed/],
] as const) {
  test(`TLS: no link with ${who}, and a reason`, async (t) => {
    let onRefused = (): void => {}
    const refused = new Promise<void>((resolve) => {
      onRefused = resolve
    })
    const dialer = tcpLinkDialer(edge, { tls: edgeTls, greetingMs: 60_000 })
    const listener = tcpLinkListener(node, { host: '127.0.0.1', port: 0, tls: nodeTls, onRefused: () => onRefused() })
    t.after(() => Promise.all([dialer.close(), listener.close()]))
    const { address } = await listener.listen(() => assert.fail('accepted'))
    const error: Error = await dialer.dial(node, address, new Recorder()).then(
      () => assert.fail('linked'),
      (fault) => fault,
    )
    assert.match(error.message, reason)
    await refused
  })
}

for (const [given, expected, reason] of [
  ['wrong', 'right', /the link secret is wrong/],
  [undefined, 'right', /the edge sent no link secret/],
  ['extra', undefined, /the edge has a link secret and the node has none/],
] as const) {
  test(`secret ${given} where ${expected} is expected: refused, and both sides are told why`, async (t) => {
    const refusals: string[] = []
    const listener = tcpLinkListener(node, {
      host: '127.0.0.1',
      port: 0,
      secret: expected,
      onRefused: (_, why) => refusals.push(why),
    })
    const dialer = tcpLinkDialer(edge, { secret: given })
    t.after(() => Promise.all([dialer.close(), listener.close()]))
    const { address } = await listener.listen(() => assert.fail('accepted'))
    await assert.rejects(dialer.dial(node, address, new Recorder()), reason)
    assert.match(refusals.join(), reason)
  })
}

test('another version of the links is refused with both versions named', async (t) => {
  const { address } = await listening(t, () => assert.fail('accepted'))
  const peer = await rawPeer(t, address)
  peer.write(packet(edgeFrames([{ t: 'link_hello', version: 9, edge, secret: undefined }])))
  assert.match((await peer.received()).toString('latin1'), /version 9 of links, the node 1/)
})

test('a node that says nothing, and an edge that says nothing, are given up on', async (t) => {
  const mute = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => mute.once('listening', resolve))
  t.after(() => mute.close())
  const dialer = tcpLinkDialer(edge, { greetingMs: 30 })
  const port = (mute.address() as { port: number }).port
  await assert.rejects(dialer.dial(node, `127.0.0.1:${port}`, new Recorder()), /no answer within 30 ms/)

  const { address } = await listening(t, () => assert.fail('accepted'), { greetingMs: 30 })
  const peer = await rawPeer(t, address)
  assert.equal((await peer.received()).length, 0)
})

test('heartbeats keep an idle link open, and a silent peer is noticed by either side', async (t) => {
  const atNode = new Recorder<EdgeLinkFrame>()
  const { address } = await listening(t, () => atNode, { beatMs: 20 })

  const live = new Recorder<NodeLinkFrame>()
  const dialer = tcpLinkDialer(edge, { beatMs: 20 })
  t.after(() => dialer.close())
  await dialer.dial(node, address, live)

  // An edge that greets and then hangs: the node ends its link. By then the live one has outlasted as many beats.
  const hung = await rawPeer(t, address)
  hung.write(packet(edgeFrames([{ t: 'link_hello', version: linkFrames.LINK_VERSION, edge, secret: undefined }])))
  await atNode.untilClosed()
  assert.match(atNode.closings[0]!, /silent for 0.06 s/)
  assert.deepEqual([live.closings, live.received, atNode.received], [[], [], []])

  // A node that greets and then hangs.
  const hanging = createServer((socket) => {
    socket.write(packet(nodeFrames([{ t: 'link_welcome', version: linkFrames.LINK_VERSION, node }])))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => hanging.once('listening', resolve))
  t.after(() => hanging.close())
  const atEdge = new Recorder<NodeLinkFrame>()
  await dialer.dial(node, `127.0.0.1:${(hanging.address() as { port: number }).port}`, atEdge)
  await atEdge.untilClosed()
  assert.match(atEdge.closings[0]!, /silent for 0.06 s/)
})

test('garbage ends the link with a reason and reaches nobody; the listener goes on', async (t) => {
  const refused: string[] = []
  let accepted = 0
  const endings: string[] = []
  const listener = tcpLinkListener(node, {
    host: '127.0.0.1',
    port: 0,
    onRefused: (_, reason) => refused.push(reason),
  })
  t.after(() => listener.close())
  const { address } = await listener.listen(() => {
    accepted++
    return {
      frames: (frames) => assert.fail(`garbage became ${frames[0]!.t}`),
      closed: (reason) => endings.push(reason),
    }
  })
  const hello = packet(edgeFrames([{ t: 'link_hello', version: linkFrames.LINK_VERSION, edge, secret: undefined }]))
  // A first byte of 0xc1 is used by nothing in MessagePack, so no sample can happen to be a frame.
  const garbage = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.concat([Buffer.of(0xc1), bytes]))
  const samples = fc.tuple(fc.boolean(), fc.constantFrom('framed', 'raw', 'huge length'), garbage)
  await fc.assert(
    fc.asyncProperty(samples, async ([greet, kind, bytes]) => {
      const peer = await rawPeer(t, address)
      if (greet) {
        peer.write(hello)
        await peer.firstByte()
      }
      if (kind === 'framed') peer.write(packet(bytes))
      // As a length, 0xc1… is far above the bound.
      else if (kind === 'raw') peer.write(Buffer.concat([bytes, Buffer.alloc(4)]))
      else peer.write(Buffer.concat([Buffer.of(0xff, 0xff, 0xff, 0xff), bytes]))
      await peer.ended()
    }),
    { numRuns: 100 },
  )
  assert.ok(accepted > 10 && refused.length > 10)

  const dialer = tcpLinkDialer(edge)
  t.after(() => dialer.close())
  await dialer.dial(node, address, new Recorder())
  assert.equal(endings.length, accepted - 1)
  for (const reason of endings) assert.match(reason, /no packet of frames/)
})

test('garbage from a node ends the link at the edge', async (t) => {
  const rogue = createServer((socket) => {
    socket.write(packet(nodeFrames([{ t: 'link_welcome', version: linkFrames.LINK_VERSION, node }])))
    socket.write(packet(Buffer.from('HTTP/1.1 200 OK\r\n\r\n')))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => rogue.once('listening', resolve))
  t.after(() => rogue.close())
  const dialer = tcpLinkDialer(edge)
  const address = `127.0.0.1:${(rogue.address() as { port: number }).port}`
  const atEdge = new Recorder<NodeLinkFrame>()
  // Both packets may come in one chunk: then the welcome goes down with the garbage behind it.
  const fault = await dialer.dial(node, address, atEdge).then(
    async () => {
      await atEdge.untilClosed()
      return atEdge.closings[0]!
    },
    (error: Error) => error.message,
  )
  assert.match(fault, /no packet of frames/)
  assert.deepEqual(atEdge.received, [])
})

test('what waits for a peer that does not read shows in bufferedBytes', async (t) => {
  const deaf = createServer((socket) => {
    socket.pause()
    socket.write(packet(nodeFrames([{ t: 'link_welcome', version: linkFrames.LINK_VERSION, node }])))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => deaf.once('listening', resolve))
  t.after(() => deaf.close())
  const dialer = tcpLinkDialer(edge)
  const atEdge = new Recorder<NodeLinkFrame>()
  const link = await dialer.dial(node, `127.0.0.1:${(deaf.address() as { port: number }).port}`, atEdge)
  t.after(() => dialer.close())
  assert.ok(link.bufferedBytes < 100)
  const megabyte = { t: 'post', payload: Buffer.from([0xc6, 0, 16, 0, 0, ...Buffer.alloc(1 << 20)]) }
  const post = { ...POST, ...megabyte } as EdgeLinkFrame
  for (let i = 0; i < 16; i++) link.send([post])
  assert.ok(link.bufferedBytes > 16 << 20)
  await new Promise(setImmediate)
  assert.ok(link.bufferedBytes > 1 << 20, 'the kernel took it all')
  // Past the bound the link is given up: nothing grows without end.
  for (let i = 0; i < 64; i++) link.send([post])
  await atEdge.untilClosed()
  assert.match(atEdge.closings[0]!, /does not read/)
})

const POST = {
  slot: 1,
  attempt: 1,
  n: 1,
  app: 'demo',
  conversation: 'c1',
  message_id: new Uint8Array(16),
  from: 'alice',
}

const edgeCodec = frameCodec(linkFrames.EDGE_LINK_FRAMES)
const nodeCodec = frameCodec(linkFrames.NODE_LINK_FRAMES)

function edgeFrames(frames: readonly EdgeLinkFrame[]): Uint8Array {
  const writer = new Writer()
  for (const frame of frames) edgeCodec.encode(writer, frame)
  return writer.take()
}

function nodeFrames(frames: readonly NodeLinkFrame[]): Uint8Array {
  const writer = new Writer()
  for (const frame of frames) nodeCodec.encode(writer, frame)
  return writer.take()
}

function packet(body: Uint8Array): Buffer {
  const header = Buffer.alloc(4)
  header.writeUInt32BE(body.length)
  return Buffer.concat([header, body])
}

type After = { after(run: () => unknown): void }

async function listening(
  t: After,
  accept: () => Recorder<EdgeLinkFrame>,
  options: TcpLinkOptions = {},
): Promise<{ address: string }> {
  const listener = tcpLinkListener(node, { host: '127.0.0.1', port: 0, ...options })
  t.after(() => listener.close())
  return listener.listen(accept)
}

/** A peer that speaks bytes. */
async function rawPeer(t: After, address: string) {
  const [host, port] = address.split(':') as [string, string]
  const socket: Socket = connect(Number(port), host)
  t.after(() => socket.destroy())
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  socket.on('error', () => {})
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await new Promise((resolve) => socket.once('connect', resolve))
  return {
    write: (bytes: Uint8Array) => socket.write(bytes),
    firstByte: () =>
      new Promise<void>((resolve) => (chunks.length > 0 ? resolve() : socket.once('data', () => resolve()))),
    ended: () => ended,
    /** Everything it was sent, once the other side has ended. */
    received: () => ended.then(() => Buffer.concat(chunks)),
  }
}
