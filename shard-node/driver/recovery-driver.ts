import type { LogId, Offset } from '@chat4all/protocol'
import type { MessageView, NodeLogs } from '@chat4all/storage'
import type { RecoveryOutcome, RecoveryRequest } from '../core/index.js'
import type { ShardNodeEvents } from '../events.js'
import { isFatal } from './fatal.js'

const RETRY_MS = 250

export interface RecoveryStorage {
  readonly logs: NodeLogs
  readonly view: MessageView
  readonly events: ShardNodeEvents
  /** The view has the log up to its end, which is durable: it may be dropped as far as others have it too. */
  readonly onRecovered: (log: LogId, end: Offset) => Promise<void>
  readonly onFatal: (error: Error) => void
}

/** Carries out the steps of a recovery; a failed one is told as `failed`, and the core asks the same again. */
export class RecoveryDriver {
  private readonly storage: RecoveryStorage
  private readonly onOutcome: (log: LogId, outcome: RecoveryOutcome, asked: RecoveryRequest) => void

  constructor(
    storage: RecoveryStorage,
    onOutcome: (log: LogId, outcome: RecoveryOutcome, asked: RecoveryRequest) => void,
  ) {
    this.storage = storage
    this.onOutcome = onOutcome
  }

  perform(log: LogId, request: RecoveryRequest): void {
    const began = performance.now()
    this.step(log, request).then(
      (outcome) => {
        this.storage.events.recoveryStep({ log, step: request.type, tookMs: performance.now() - began })
        this.onOutcome(log, outcome, request)
      },
      (error) => {
        this.storage.events.viewFailed({ what: `recovery ${request.type}`, error })
        if (isFatal(error)) return this.storage.onFatal(error)
        setTimeout(() => this.onOutcome(log, { type: 'failed' }, request), RETRY_MS)
      },
    )
  }

  private async step(log: LogId, request: RecoveryRequest): Promise<RecoveryOutcome> {
    const { logs, view } = this.storage
    switch (request.type) {
      case 'seal':
        await logs.seal(log)
        return { type: 'sealed' }
      case 'cursor':
        return { type: 'cursor', materialised: (await logs.cursors(log)).materialised }
      case 'read':
        return { type: 'entries', entries: await logs.read(log, request.from, request.limit) }
      case 'write-back':
        await logs.writeBack(log, request.offset, request.entry)
        return { type: 'written-back' }
      case 'decide-end':
        return { type: 'end', end: await logs.decideEnd(log, request.end) }
      case 'apply':
        await view.apply(request.changes)
        return { type: 'applied' }
      case 'save-cursor':
        await logs.saveCursor(log, 'materialised', request.cursor)
        await this.storage.onRecovered(log, request.cursor)
        return { type: 'cursor-saved' }
    }
  }
}
