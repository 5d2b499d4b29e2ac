import { inTurn } from '@chat4all/shard-node/in-turn'
import type { Logger } from '../logger.js'

/** What has been started, to be ended in reverse order: at the stop, or when a later part of the start fails. */
export class Teardown {
  private readonly steps: (() => Promise<void>)[] = []

  add(step: () => Promise<void>): void {
    this.steps.push(step)
  }

  /** Takes every step, also when one of them fails. @throws what failed, in the end. */
  run(): Promise<void> {
    return inTurn(this.steps.splice(0).reverse())
  }

  /** Runs a start; when it fails, ends what it had started. */
  static async guard<T>(logger: Logger, start: (teardown: Teardown) => Promise<T>): Promise<T> {
    const teardown = new Teardown()
    try {
      return await start(teardown)
    } catch (error) {
      // Why the start failed is what the caller has to know, whatever else fails for it.
      await teardown.run().catch((err: unknown) => logger.error({ err }, 'what had been started did not end well'))
      throw error
    }
  }
}
