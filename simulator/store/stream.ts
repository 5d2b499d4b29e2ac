import type { ConversationId, Seq } from '@chat4all/protocol'
import type { PublishedRecord } from '@chat4all/shard-node/core'
import type { Random } from '../world/random.js'
import type { World } from '../world/world.js'
import { messagesOf } from './published-messages.js'

/** A publisher gives up after so long; what it published may still arrive. */
const TIMEOUT_MS = 1_000

export interface StreamFaults {
  /** Nothing arrives. */
  away: boolean
  /** A batch arrives, and its publisher does not learn that. */
  lostAnswer: number
  /** A batch arrives only after its publisher gave up. */
  late: number
}

export const NO_STREAM_FAULTS: Readonly<StreamFaults> = { away: false, lostAnswer: 0, late: 0 }

/** What stands in the stream: the messages of one record. */
export interface Streamed {
  readonly conversation: ConversationId
  readonly seqs: readonly Seq[]
}

/**
 * The event stream: records in the order in which they arrive. A publisher sends one batch after the other; a batch whose
 * outcome it does not learn it sends again, and the first may come after the second.
 */
export class SimulatedStream {
  readonly faults: StreamFaults = { ...NO_STREAM_FAULTS }
  /** Highest seq of each conversation that a consumer which drops what is not higher has seen. */
  readonly consumed = new Map<ConversationId, Seq>()
  private readonly world: World
  private readonly random: Random
  private readonly onArrival: (publisher: string, streamed: Streamed) => void

  constructor(world: World, onArrival: (publisher: string, streamed: Streamed) => void) {
    this.world = world
    this.random = world.random.fork('stream')
    this.onArrival = onArrival
  }

  publish(publisher: string, records: readonly PublishedRecord[], done: (ok: boolean) => void): void {
    const { faults, random } = this
    this.world.after(TIMEOUT_MS, () => done(false))
    if (faults.away) return
    const late = random.chance(faults.late)
    this.world.after(late ? random.between(TIMEOUT_MS, 3 * TIMEOUT_MS) : random.skewed(0.5, 20), () => {
      if (faults.away) return
      for (const record of records) this.arrive(publisher, record)
      if (!late && !random.chance(faults.lostAnswer)) this.world.after(random.skewed(0.5, 10), () => done(true))
    })
  }

  private arrive(publisher: string, record: PublishedRecord): void {
    const seqs = messagesOf(record)
    if (seqs.length === 0) return
    const { conversation } = record
    const last = seqs.at(-1)!
    if (last > (this.consumed.get(conversation) ?? 0)) this.consumed.set(conversation, last)
    this.onArrival(publisher, { conversation, seqs })
  }
}
