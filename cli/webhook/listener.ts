import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook as StandardWebhook } from 'standardwebhooks'

/** What came, and whether it is genuine. */
export interface Heard {
  readonly id: string
  readonly attempt: number
  /** Why the signature does not count; undefined: it is good. */
  readonly fault: string | undefined
  /** It was taken before. */
  readonly isAgain: boolean
  readonly event: { readonly type: string; readonly timestamp: string; readonly data: Record<string, unknown> }
  /** What was answered. */
  readonly status: number
}

export interface ListenerOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Asked for each event: whoever registers the listener knows the secret only afterwards. */
  readonly secret: () => string | undefined
  /** HTTP status for genuine events, to see what the server does about failures. */
  readonly status: number
  readonly onHeard: (heard: Heard) => void
}

export interface Listener {
  readonly url: string
  close(): Promise<void>
}

const BODY_BYTES_MAX = 1_048_576
/** Ids that are remembered, to tell repetitions. */
const REMEMBERED_MAX = 10_000
const UNAUTHORIZED = 401
const BAD_REQUEST = 400

/** Receives webhooks as a server of an app would: checks the signature over the bytes, knows repetitions by their id. */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const taken = new Set<string>()
  const server = createServer((req, res) => {
    answer(req, options, taken)
      .catch(() => BAD_REQUEST)
      .then((status) => res.writeHead(status).end())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port, options.host, resolve)
  })
  const { address, port, family } = server.address() as AddressInfo
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(req: IncomingMessage, options: ListenerOptions, taken: Set<string>): Promise<number> {
  if (req.method !== 'POST') return 405
  const body = await bodyOf(req)
  if (body === undefined) return 413
  const fault = faultOf(options.secret(), body, req.headers)
  const id = String(req.headers['webhook-id'] ?? '')
  const status = fault === undefined ? options.status : UNAUTHORIZED
  const isAgain = taken.has(id)
  if (status >= 200 && status < 300) remember(taken, id)
  const event = JSON.parse(body) as Heard['event']
  options.onHeard({ id, attempt: Number(req.headers['webhook-attempt'] ?? 1), fault, isAgain, event, status })
  return status
}

async function bodyOf(req: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of req as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > BODY_BYTES_MAX) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function faultOf(secret: string | undefined, body: string, headers: IncomingMessage['headers']): string | undefined {
  if (secret === undefined) return 'no secret to check it with'
  try {
    new StandardWebhook(secret).verify(body, headers as Record<string, string>)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

function remember(taken: Set<string>, id: string): void {
  taken.add(id)
  if (taken.size > REMEMBERED_MAX) taken.delete(taken.values().next().value!)
}
