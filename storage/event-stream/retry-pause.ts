const PAUSE_MS_MIN = 100
const PAUSE_MS_MAX = 30_000

/** How long events that a consumer rejected wait before they come again: doubling, and it can be cut short. */
export class RetryPause {
  private nextMs = PAUSE_MS_MIN
  private finish: () => void = () => {}

  /** Resolves after the pause, or when it is ended. */
  async wait(): Promise<void> {
    const ms = this.nextMs
    this.nextMs = Math.min(ms * 2, PAUSE_MS_MAX)
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.finish = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  end(): void {
    this.finish()
  }

  /** Something went well: the next pause is short again. */
  reset(): void {
    this.nextMs = PAUSE_MS_MIN
  }
}
