import { pathToFileURL } from 'node:url'
import type { EdgeId, EdgeLinkFrame, NodeId } from '@chat4all/protocol'
import { inProcessLinks } from './in-process.js'
import type { LinkDialer, LinkListener } from './port.js'
import { tcpLinkDialer, tcpLinkListener } from './tcp.js'

/**
 * What a `post` of 128 bytes costs on each kind of link, from `send` to the handler:
 * `node router/dist/link/link.bench.js [turns]` prints nanoseconds of both sides together, by frames per turn.
 */

export interface BenchLine {
  readonly what: string
  readonly nanoseconds: number
}

const text = 'x'.repeat(128)
const POST = {
  t: 'post',
  slot: 77,
  attempt: 1,
  n: 1234,
  app: 'demo',
  conversation: 'p-0123456789abcdef',
  message_id: new Uint8Array(16).fill(7),
  from: 'user-1234',
  // [0, text]: a payload of the schema, encoded.
  payload: Buffer.concat([Buffer.of(0x92, 0x00, 0xd9, text.length), Buffer.from(text)]),
} as unknown as EdgeLinkFrame

const edge = 'edge-1' as EdgeId
const node = 'node-1' as NodeId

const KINDS: Readonly<Record<string, () => { dialer: LinkDialer; listener: LinkListener }>> = {
  'in process': () => {
    const links = inProcessLinks()
    return { dialer: links.dialer(edge), listener: links.listener(node) }
  },
  TCP: () => ({ dialer: tcpLinkDialer(edge), listener: tcpLinkListener(node, { host: '127.0.0.1', port: 0 }) }),
}

export async function benchLinks(turns: number): Promise<BenchLine[]> {
  const lines: BenchLine[] = []
  for (const [kind, make] of Object.entries(KINDS)) {
    for (const frames of [1, 100]) {
      const nanoseconds = await benchLink(make(), frames, turns)
      lines.push({ what: `${kind}, ${frames} per turn`, nanoseconds })
    }
  }
  return lines
}

async function benchLink(
  { dialer, listener }: { dialer: LinkDialer; listener: LinkListener },
  framesPerTurn: number,
  turns: number,
): Promise<number> {
  let missing = turns * framesPerTurn
  let onAll = (): void => {}
  const all = new Promise<void>((resolve) => {
    onAll = resolve
  })
  const frames = (batch: readonly EdgeLinkFrame[]): void => {
    missing -= batch.length
    if (missing === 0) onAll()
  }
  const { address } = await listener.listen(() => ({ frames, closed() {} }))
  const link = await dialer.dial(node, address, { frames() {}, closed() {} })
  const batch: EdgeLinkFrame[] = [POST]
  const started = performance.now()
  for (let turn = 0; turn < turns; turn++) {
    for (let i = 0; i < framesPerTurn; i++) link.send(batch)
    await new Promise(setImmediate)
  }
  await all
  const nanoseconds = ((performance.now() - started) * 1e6) / (turns * framesPerTurn)
  await dialer.close()
  await listener.close()
  return nanoseconds
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const { what, nanoseconds } of await benchLinks(Number(process.argv[2] ?? 20_000))) {
    console.log(`${what.padEnd(32)} ${nanoseconds.toFixed(0).padStart(8)} ns per frame`)
  }
}
