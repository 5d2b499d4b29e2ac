import type { LogId, Millis, Offset } from '@chat4all/protocol'
import type { NodeLogs } from '@chat4all/storage'
import { PUBLICATION_DEFAULTS, Publication, type PublicationConfig, type PublicationEffect } from '../core/index.js'
import type { ShardNodeEvents } from '../events.js'
import type { LogWindow } from './log-window.js'
import type { PublicationOutlet } from './publication-outlets.js'

/** Read from storage, and out of the window, at a time. */
const READ_ENTRIES_MAX = 64
const READ_BYTES_MAX = 1024 * 1024

export interface PublicationDriverOptions {
  readonly node: string
  readonly outlet: PublicationOutlet
  readonly logs: NodeLogs
  readonly window: LogWindow
  readonly events: ShardNodeEvents
  /** A cursor has risen on stable storage: entries may be dropped. */
  readonly onSaved: (log: LogId) => Promise<void>
  /** The node whose log it is does not seem to be there any more. */
  readonly isOrphan: (log: LogId) => boolean
  readonly now: () => Millis
  readonly config?: Partial<PublicationConfig>
}

/** Carries out what the publication to one outlet asks for, and tells it the outcomes. */
export class PublicationDriver {
  readonly outlet: PublicationOutlet
  private readonly options: PublicationDriverOptions
  private readonly publication: Publication
  private readonly saves = new Set<Promise<void>>()
  private stopped = false

  constructor(options: PublicationDriverOptions) {
    this.options = options
    this.outlet = options.outlet
    const name = `${options.node}/${options.outlet.name}`
    this.publication = new Publication({
      ...PUBLICATION_DEFAULTS,
      gatherMs: this.outlet.gatherMs,
      ...options.config,
      name,
    })
  }

  /** Committed entries that are not published. */
  get lagEntries(): number {
    return this.publication.lagEntries
  }

  get settled(): boolean {
    return this.stopped || this.publication.settled
  }

  /** An incarnation whose log is new, or of which `committed` entries are there already. */
  async start(log: LogId, committed: Offset): Promise<void> {
    let from = 0 as Offset
    // A name that was never used needs no look.
    if (committed > 0) from = await this.outlet.cursor(log)
    this.input(() => {
      this.publication.start(log, from, this.options.now())
      this.publication.committed(log, committed, this.options.now())
    })
  }

  committed(log: LogId, upTo: Offset): void {
    this.input(() => this.publication.committed(log, upTo, this.options.now()))
  }

  logEnded(log: LogId, end: Offset): void {
    this.input(() => this.publication.logEnded(log, end, this.options.now()))
  }

  tick(): void {
    this.input(() => this.publication.tick(this.options.now()))
  }

  wrapUp(): void {
    this.input(() => this.publication.wrapUp(this.options.now()))
  }

  /** Resolves when nothing is written any more; what is being published is left to itself. */
  async stop(): Promise<void> {
    this.stopped = true
    await Promise.all(this.saves)
  }

  private input(event: () => void): void {
    if (this.stopped) return
    event()
    for (const effect of this.publication.takeEffects()) this.perform(effect)
  }

  private perform(effect: PublicationEffect): void {
    const { logs, events, now } = this.options
    const { publication, outlet } = this
    switch (effect.type) {
      case 'read-log':
        return this.ask(
          effect.op,
          'read-log',
          async () => this.read(effect.log, effect.from, effect.limit),
          (entries) => publication.entriesRead(effect.op, entries, now()),
        )
      case 'read-cursors':
        return this.ask(
          effect.op,
          'read-cursors',
          async () => {
            const published = await outlet.cursor(effect.log)
            const { materialised } = await logs.cursors(effect.log)
            const ended = this.options.isOrphan(effect.log) || (await logs.isSealed(effect.log))
            return { published, materialised, ended }
          },
          (cursors) => publication.cursorsRead(effect.op, cursors, now()),
        )
      case 'publish':
        return this.ask(
          effect.op,
          'publish',
          () => outlet.publish(effect.records),
          () => {
            events.published(effect.records.length)
            publication.publishedAll(effect.op, now())
          },
        )
      case 'save-published':
        return this.save(effect.log, effect.cursor)
      case 'skipped':
        return events.publicationSkipped({ ...effect, outlet: outlet.name })
    }
  }

  private async read(log: LogId, from: Offset, limit: number): Promise<Uint8Array[]> {
    const known = this.options.window.read(log, from, limit, READ_BYTES_MAX)
    return known.length > 0 ? known : this.options.logs.read(log, from, Math.min(limit, READ_ENTRIES_MAX))
  }

  private ask<Outcome>(op: number, what: string, ask: () => Promise<Outcome>, then: (outcome: Outcome) => void): void {
    ask().then(
      (outcome) => this.input(() => then(outcome)),
      (error) => {
        if (this.stopped || this.outlet.gone) return
        this.options.events.publicationFailed({ what, outlet: this.outlet.name, error })
        this.input(() => this.publication.failed(op, this.options.now()))
      },
    )
  }

  private save(log: LogId, cursor: Offset): void {
    const saved = this.outlet
      .saveCursor(log, cursor)
      .then(
        () => {
          this.input(() => this.publication.cursorSaved(log, cursor, this.options.now()))
          return this.options.onSaved(log)
        },
        (error) => {
          this.options.events.publicationFailed({ what: 'save-cursor', outlet: this.outlet.name, error })
          this.input(() => this.publication.cursorNotSaved(log))
        },
      )
      .finally(() => this.saves.delete(saved))
    this.saves.add(saved)
  }
}
