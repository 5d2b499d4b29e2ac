/** What has been started, to be ended in reverse order: at the stop, or when a later part of the start fails. */
export class Teardown {
  private readonly steps: (() => Promise<void>)[] = []

  add(step: () => Promise<void>): void {
    this.steps.push(step)
  }

  async run(): Promise<void> {
    for (let step = this.steps.pop(); step !== undefined; step = this.steps.pop()) await step()
  }

  /** Runs a start; when it fails, ends what it had started. */
  static async guard<T>(start: (teardown: Teardown) => Promise<T>): Promise<T> {
    const teardown = new Teardown()
    try {
      return await start(teardown)
    } catch (error) {
      await teardown.run()
      throw error
    }
  }
}
