import type { LogId, Millis, Offset } from '@chat4all/protocol'
import {
  droppableBelow,
  PUBLICATION_DEFAULTS,
  Publication,
  type PublicationConfig,
  type PublicationEffect,
  type PublicationRules,
} from '@chat4all/shard-node/core'
import type { SimulatedStore } from '../store/index.js'
import type { SimulatedStream } from '../store/stream.js'
import type { Process } from '../world/process.js'

const RETRY_MS = 50
/** Logs that ended and that nobody publishes are looked for so often. */
const SWEEP_MS = 2_000

export interface PublisherSurroundings {
  readonly process: Process
  readonly store: SimulatedStore
  readonly stream: SimulatedStream
  readonly rules: PublicationRules
  readonly config: Partial<PublicationConfig>
}

/** The real publication with a driver that turns its effects into events of the simulated world. */
export class SimulatedPublisher {
  private readonly around: PublisherSurroundings
  private publication!: Publication
  private onNotEnded: (log: LogId) => void = () => {}

  constructor(around: PublisherSurroundings) {
    this.around = around
  }

  /** A process begins anew, and is told of logs that it sees again and again without an end. */
  boot(onNotEnded: (log: LogId) => void): void {
    this.onNotEnded = onNotEnded
    const { process, config, rules } = this.around
    this.publication = new Publication({ ...PUBLICATION_DEFAULTS, ...config, name: process.name }, rules)
    process.after(SWEEP_MS, () => this.sweep())
  }

  get settled(): boolean {
    return this.publication.settled
  }

  private get now(): Millis {
    return this.around.process.clock
  }

  start(log: LogId): void {
    this.input(() => this.publication.start(log, 0 as Offset, this.now))
  }

  committed(log: LogId, upTo: Offset): void {
    this.input(() => this.publication.committed(log, upTo, this.now))
  }

  logEnded(log: LogId, end: Offset): void {
    this.input(() => this.publication.logEnded(log, end, this.now))
  }

  tick(): void {
    this.input(() => this.publication.tick(this.now))
  }

  /**
   * Drops what the view and the stream have. A cursor that was read may stand on one replica only, and be gone with it:
   * each is put onto a quorum before anything below it is dropped (Cassandra's reads at quorum do that by themselves).
   */
  drop(log: LogId): void {
    const { logs } = this.around.store
    logs.cursors(log, (cursors) => {
      if (cursors === undefined) return
      const { materialised, published } = cursors
      const below = droppableBelow(materialised, [published], this.around.rules)
      if (below === 0) return
      logs.saveCursor(log, 'materialised', materialised, (one) => {
        if (one === undefined) return
        logs.saveCursor(log, 'published', published, (other) => {
          if (other !== undefined) logs.dropBelow(log, below, () => {})
        })
      })
    })
  }

  private sweep(): void {
    const { process, store } = this.around
    process.after(SWEEP_MS, () => this.sweep())
    store.logs.list(
      process.answer((all) => {
        for (const log of all ?? []) {
          const end = store.logs.endOf(log)
          if (end !== undefined) this.logEnded(log, end)
          else this.onNotEnded(log)
        }
      }),
    )
  }

  private input(event: () => void): void {
    event()
    for (const effect of this.publication.takeEffects()) this.perform(effect)
  }

  private perform(effect: PublicationEffect): void {
    const { process, store, stream } = this.around
    const { logs } = store
    switch (effect.type) {
      case 'read-log':
        return logs.read(
          effect.log,
          effect.from,
          effect.limit,
          this.outcome(effect.op, (entries) => this.publication.entriesRead(effect.op, entries, this.now)),
        )
      case 'read-cursors':
        return logs.cursors(
          effect.log,
          this.outcome(effect.op, ({ materialised, published }) =>
            logs.isSealed(
              effect.log,
              this.outcome(effect.op, (sealed) =>
                this.publication.cursorsRead(effect.op, { materialised, published, ended: sealed }, this.now),
              ),
            ),
          ),
        )
      case 'publish': {
        let told = false
        return stream.publish(
          process.name,
          effect.records,
          process.answer((ok: boolean) => {
            if (told) return
            told = true
            this.input(() => {
              if (ok) this.publication.publishedAll(effect.op, this.now)
              else this.publication.failed(effect.op, this.now)
            })
          }),
        )
      }
      case 'save-published':
        return logs.saveCursor(
          effect.log,
          'published',
          effect.cursor,
          process.answer((saved) => {
            if (saved === undefined) return this.input(() => this.publication.cursorNotSaved(effect.log))
            this.input(() => this.publication.cursorSaved(effect.log, effect.cursor, this.now))
            this.drop(effect.log)
          }),
        )
      case 'skipped':
        return
    }
  }

  private outcome<T>(op: number, then: (value: T) => void): (value: T | undefined) => void {
    const { process } = this.around
    return process.answer((value: T | undefined) => {
      if (value !== undefined) this.input(() => then(value))
      else process.after(RETRY_MS, () => this.input(() => this.publication.failed(op, this.now)))
    })
  }
}
