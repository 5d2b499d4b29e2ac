import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook as StandardWebhook } from 'standardwebhooks'

export interface Received {
  readonly id: string
  readonly attempt: number
  readonly signature: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly event: { readonly type: string; readonly data: Record<string, unknown> }
  /** What was answered. */
  status: number
}

export type Answer = (received: Received, res: ServerResponse) => number | undefined | Promise<number | undefined>

/** A server of an app, on loopback, that takes webhooks as an app would and keeps what it got. */
export class Receiver {
  readonly received: Received[] = []
  /** Status for what comes; undefined: the function answered by itself. */
  answer: Answer = () => 204
  private readonly server: Server
  private port = 0

  constructor() {
    this.server = createServer((req, res) => {
      this.handle(req, res).catch((error: Error) => res.destroy(error))
    })
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(this.port, '127.0.0.1', resolve))
    this.port = (this.server.address() as AddressInfo).port
    return this
  }

  /** Connections are refused from now on, until it starts again on the same port. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve())
      this.server.closeAllConnections()
    })
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hooks`
  }

  /** What was taken, each id once, in the order of their first being taken. */
  get taken(): Received[] {
    const ids = new Set<string>()
    return this.received.filter(({ id, status }) => status >= 200 && status < 300 && !ids.has(id) && ids.add(id))
  }

  /** @throws when the signature is none of this secret. */
  static verify(secret: string, { headers, body }: Received): unknown {
    return new StandardWebhook(secret).verify(body, headers as Record<string, string>)
  }

  private async handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString()
    const received: Received = {
      id: String(req.headers['webhook-id']),
      attempt: Number(req.headers['webhook-attempt']),
      signature: String(req.headers['webhook-signature']),
      headers: req.headers,
      body,
      event: JSON.parse(body) as Received['event'],
      status: 0,
    }
    this.received.push(received)
    const status = await this.answer(received, res)
    if (status === undefined) return
    received.status = status
    res.writeHead(status).end(status < 300 ? undefined : 'no, thank you')
  }
}
