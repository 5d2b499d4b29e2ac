/**
 * What the generator needs of a server's protocol: how to open sessions and conversations, to send the k-th message
 * and to see answers. One file per server in dialects/. The load, the checks and the clock are the same for all.
 */

/** Where a server under test listens, and as whom its clients may come. */
export interface Target {
  readonly port: number
  /** The server's process, whose CPU time and memory are measured. */
  readonly pid: number
  /** Further processes that work for it (other roles, engines), by name: their CPU time is measured one by one. */
  readonly processes?: Readonly<Record<string, number>>
  /** Ports of several edges; sessions are spread over them in turn. Without it there is one, on `port`. */
  readonly edgePorts?: readonly number[]
  /** Client credentials, of servers that want them. */
  readonly clientId?: string
  readonly clientSecret?: string
  /** Lets read /metrics, of servers that have it. */
  readonly metricsToken?: string
}

/** The port for the index-th session. */
export function portOf({ port, edgePorts }: Target, index: number): number {
  return edgePorts === undefined ? port : edgePorts[index % edgePorts.length]!
}

export interface SenderEvents {
  /** `seq` is SEQ_UNTOLD where the server does not tell it. */
  acknowledged(k: number, seq: number, messageIdMatches: boolean): void
  refused(k: number, reason: string): void
  /** All that came in one read has been told: the moment to flush. */
  chunkRead(): void
  closed(reason: string): void
}

export interface ReaderEvents {
  /** A message's text lies in `bytes` from `from` to `to`, valid only during the call. */
  delivered(seq: number, bytes: Buffer, from: number, to: number): void
  closed(reason: string): void
}

export interface Sender {
  /** Queues message k; the k-th call has k as its argument. */
  queue(k: number): void
  flush(): void
  close(): void
}

export interface Closable {
  close(): void
}

export interface OpenConversation {
  readonly sender: Sender
  readonly readers: readonly Closable[]
  /** Seq of the last message before the first of ours. */
  readonly base: number
}

export interface DialectOptions {
  /** Readers tell the server what was delivered to them; not every protocol has that. */
  readonly receipts?: boolean
}

export interface Dialect {
  /** One sender and its readers, each with a session of its own, in a new conversation of theirs. */
  openConversation(
    index: number,
    text: Buffer,
    sender: SenderEvents,
    readers: readonly ReaderEvents[],
  ): Promise<OpenConversation>
  /**
   * What `count` idle sessions need before they can connect (tokens): done, and settled, before memory is first read,
   * so that a connection is not charged with what its token cost.
   */
  prepareIdle?(count: number): Promise<void>
  /** A session that says nothing; `joined`: a member of one conversation (subscribed to one channel), else of none. */
  openIdle(index: number, joined: boolean, closed: (reason: string) => void): Promise<Closable>
}

/** How many sessions are opened at a time: fast, and within every server's backlog. */
export const OPENING_AT_ONCE = 64

/** Runs `open(0)` to `open(count - 1)`, at most {@link OPENING_AT_ONCE} at a time; results in order. */
export async function openMany<T>(
  count: number,
  open: (index: number) => Promise<T>,
  atOnce = OPENING_AT_ONCE,
): Promise<T[]> {
  const results: T[] = new Array(count)
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) {
      const index = next++
      results[index] = await open(index)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane))
  return results
}
