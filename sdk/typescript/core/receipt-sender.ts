import type { ClientFrame, ConversationId, Seq } from '@chat4all/protocol'

type ReceiptFrame = Extract<ClientFrame, { t: 'receipt' }>

/** This user's cursors in one conversation: what they are here, and what the server has been told of them. */
export interface OwnCursors {
  readonly id: ConversationId
  delivered: Seq
  read: Seq
  toldDelivered: Seq
  toldRead: Seq
}

const COALESCE_MS = 100
const COALESCE_MESSAGES = 50

/**
 * Tells the server of moved cursors, rarely: a receipt is a cursor, so of many only the last matters. At most one
 * frame per conversation in 100 ms or 50 messages.
 */
export class ReceiptSender {
  private readonly moved = new Map<OwnCursors, number>()
  private dueAt: number | undefined

  get wakeAt(): number | undefined {
    return this.dueAt
  }

  /** Call after `delivered` or `read` rose; `messages`: by how many messages of others. */
  note(cursors: OwnCursors, messages: number, now: number): void {
    const count = (this.moved.get(cursors) ?? 0) + messages
    this.moved.set(cursors, count)
    this.dueAt = count >= COALESCE_MESSAGES ? now : (this.dueAt ?? now + COALESCE_MS)
  }

  forget(cursors: OwnCursors): void {
    this.moved.delete(cursors)
  }

  /** A new session: whatever the server was not seen to know is told again by `note`. */
  clear(): void {
    this.moved.clear()
    this.dueAt = undefined
  }

  /** The frames that are due. */
  flush(now: number, transmit: (frame: ReceiptFrame) => void): void {
    if (this.dueAt === undefined || now < this.dueAt) return
    for (const cursors of this.moved.keys()) {
      const { id, delivered, read, toldDelivered, toldRead } = cursors
      if (delivered <= toldDelivered && read <= toldRead) continue
      cursors.toldDelivered = delivered
      cursors.toldRead = read
      transmit({ t: 'receipt', conversation: id, delivered, read })
    }
    this.clear()
  }
}
