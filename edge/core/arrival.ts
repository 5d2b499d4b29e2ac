import type { ClientFrame, ConversationId, Seq } from '@chat4all/protocol'

/** What matters of a session only until it has arrived, and is forgotten then: most sessions spend their life idle. */
export class Arrival {
  readonly device: string
  /** Frames that came before the token was verified. */
  held: ClientFrame[] = []
  heldBytes = 0
  /** Conversations that wait for their subscription. */
  starting = 0
  /** The user's conversations were listed. */
  listed = false
  /** No conversation can have been missed in the list. */
  certain = false
  /** `ready` was sent. */
  told = false
  private readonly cursors = new Map<ConversationId, Seq>()
  /** Conversations that the session was told of. */
  private readonly met = new Set<ConversationId>()

  constructor(device: string, cursors: readonly { readonly conversation: ConversationId; readonly seq: Seq }[]) {
    this.device = device
    for (const { conversation, seq } of cursors) this.cursors.set(conversation, seq)
  }

  get conversations(): number {
    return this.met.size
  }

  cursorOf(conversation: ConversationId): Seq | undefined {
    return this.cursors.get(conversation)
  }

  /** False: the session was told of this conversation before. */
  meets(conversation: ConversationId): boolean {
    if (this.met.has(conversation)) return false
    this.met.add(conversation)
    return true
  }

  /** The user is no member any more. Who becomes one again begins anew. */
  forgets(conversation: ConversationId): void {
    this.met.delete(conversation)
    this.cursors.delete(conversation)
  }

  /** Cursors of conversations that were not listed: one may turn up late, or be nobody's. */
  unmet(): Map<ConversationId, Seq> | undefined {
    for (const conversation of this.met) this.cursors.delete(conversation)
    return this.cursors.size > 0 ? this.cursors : undefined
  }
}
