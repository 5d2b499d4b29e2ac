import type { Logger } from 'pino'
import { isDriverFault } from './driver-fault.js'
import { EXIT } from './exit-codes.js'
import { describeStorageFailure } from './storage-failure.js'

/** What the process runs, as far as its end is concerned. */
export interface Stoppable {
  /** Drains: takes nothing new, hands over or stores what there is, closes. */
  stop(): Promise<void>
  /** Tells whoever is connected that this ends now. Must not wait for storage. */
  abandon(): void
}

const SIGNALS: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 }
/** Time for the last frames to leave the machine. */
const FAREWELL_MS = 200

/**
 * How the process ends. SIGTERM and SIGINT: drain, then exit 0; a second one: at once. An error that nobody caught is a
 * broken invariant: what the memory holds cannot be trusted, so nothing is saved or answered from it; exit 1, and the
 * next start recovers from the log. Storage that failed: exit 74.
 */
export class Lifecycle {
  private readonly logger: Logger
  private readonly stopMsMax: number
  private running: Stoppable | undefined
  private ending = false

  /** `stopMsMax`: a drain that takes longer is given up. */
  constructor(logger: Logger, stopMsMax: number) {
    this.logger = logger
    this.stopMsMax = stopMsMax
    process.on('uncaughtException', (error, origin) => this.crash(error, origin))
    process.on('unhandledRejection', (reason) => {
      if (isDriverFault(reason)) this.logger.error({ err: reason }, 'the Cassandra driver tripped in the background')
      else this.crash(reason, 'unhandledRejection')
    })
    for (const signal of Object.keys(SIGNALS)) process.on(signal, () => this.signalled(signal))
  }

  started(running: Stoppable): void {
    this.running = running
  }

  /** Storage that cannot be trusted any more: nothing further is acknowledged, sessions are told, the process ends. */
  storageFailed(error: Error, dataDir: string): void {
    if (this.ending) return
    this.ending = true
    this.logger.fatal({ err: error }, describeStorageFailure(error, dataDir))
    try {
      this.running?.abandon()
    } finally {
      setTimeout(() => process.exit(EXIT.storage), FAREWELL_MS)
    }
  }

  private crash(error: unknown, origin: string): void {
    this.logger.fatal({ err: error, origin }, 'a fault that nobody expected: the process ends')
    process.exit(EXIT.fault)
  }

  private signalled(signal: string): void {
    if (this.ending || this.running === undefined) {
      this.logger.warn({ signal }, 'stopping at once')
      process.exit(SIGNALS[signal])
    }
    this.ending = true
    this.logger.info({ signal }, 'draining; a second signal stops at once')
    const deadline = setTimeout(() => {
      this.logger.error(
        { after_ms: this.stopMsMax },
        'draining took too long: stopping at once; the log has everything',
      )
      process.exit(EXIT.fault)
    }, this.stopMsMax)
    this.running.stop().then(
      () => {
        clearTimeout(deadline)
        this.logger.info('stopped')
        process.exit(EXIT.stopped)
      },
      (error) => this.crash(error, 'stop'),
    )
  }
}
