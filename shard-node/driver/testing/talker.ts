import {
  type AppId,
  type ConversationId,
  type EdgeId,
  type EdgeLinkFrame,
  type NodeId,
  type NodeLinkFrame,
  payload,
  type RequestFrame,
  slotOf,
  type UserId,
  Writer,
} from '@chat4all/protocol'
import type { InProcessLinks, Link } from '@chat4all/router'

const ANN = 'ann' as UserId
const APP = 'demo' as AppId

/** The least of an edge: asks every node until the owner answers, and counts what was acknowledged. */
export class Talker {
  /** By conversation, messages that were acknowledged. */
  readonly said = new Map<string, number>()
  private readonly links = new Map<NodeId, Link<EdgeLinkFrame>>()
  private readonly answers = new Map<number, (frame: NodeLinkFrame | undefined) => void>()
  /** Ids must not be those of an earlier process. */
  private readonly session = Math.floor(performance.timeOrigin) % 0xffff_ffff
  private n = 0
  closed = false

  async dial(links: InProcessLinks, node: NodeId, address: string): Promise<void> {
    const link = await links.dialer(`edge-of-${node}` as EdgeId).dial(node, address, {
      frames: (frames) => this.frames(frames),
      closed: () => this.links.delete(node),
    })
    this.links.set(node, link)
  }

  /** Says one more message; resolves when it is acknowledged. */
  async say(conversation: string): Promise<void> {
    const number = (this.said.get(conversation) ?? 0) + 1
    const id = Buffer.alloc(16)
    id.writeUInt32BE(this.session, 0)
    id.writeUInt32BE(number, 4)
    id.write(conversation, 8)
    if (number === 1) await this.ask(conversation, { t: 'open', type: 'group', members: [ANN], admins: [ANN], as: ANN })
    const writer = new Writer()
    payload.write(writer, { type: 'text', text: `message ${number}` })
    await this.ask(conversation, { t: 'post', message_id: id, from: ANN, payload: writer.take() })
    if (!this.closed) this.said.set(conversation, number)
  }

  private async ask(conversation: string, request: object): Promise<void> {
    const id = conversation as ConversationId
    const until = performance.now() + 20_000
    while (!this.closed) {
      for (const link of this.links.values()) {
        const n = ++this.n
        const answer = new Promise<NodeLinkFrame | undefined>((resolve) => {
          this.answers.set(n, resolve)
          setTimeout(() => resolve(undefined), 2_000).unref()
        })
        const place = { slot: slotOf(id), attempt: n, n, app: APP, conversation: id }
        link.send([{ ...request, ...place } as RequestFrame])
        const frame = await answer
        this.answers.delete(n)
        if (frame !== undefined && frame.t !== 'bounce') return
      }
      if (performance.now() > until) throw new Error(`nobody serves ${conversation}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  private frames(frames: readonly NodeLinkFrame[]): void {
    for (const frame of frames) {
      if (frame.t === 'acks') for (const { n } of frame.items) this.answers.get(n)?.(frame)
      else if (frame.t === 'reply' || frame.t === 'bounce') this.answers.get(frame.n)?.(frame)
    }
  }

  close(): void {
    this.closed = true
  }
}
