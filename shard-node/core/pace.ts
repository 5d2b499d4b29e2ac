/**
 * How many of something may be under way at once so that each stays quick: one more with each round that was, half as
 * many after one that was not (Jacobson, Congestion Avoidance and Control, 1988). Begins with one.
 */
export class Pace {
  private readonly max: number
  private readonly quickMs: number
  private window = 1

  /** `quickMs`: what takes no longer was quick. */
  constructor(max: number, quickMs: number) {
    this.max = max
    this.quickMs = quickMs
  }

  get atOnce(): number {
    return Math.floor(this.window)
  }

  took(ms: number): void {
    this.window = ms > this.quickMs ? Math.max(1, this.window / 2) : Math.min(this.max, this.window + 1 / this.window)
  }
}
