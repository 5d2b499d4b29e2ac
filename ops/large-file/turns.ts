/** What one transfer took. */
export interface Transfer {
  readonly seconds: number
  readonly cpuSeconds: number
}

/** Transfers of one side, each of `size` bytes. */
export class Turns {
  readonly uploads: Transfer[] = []
  readonly downloads: Transfer[] = []
  private readonly size: number

  constructor(size: number) {
    this.size = size
  }

  summary(): object {
    return { upload: this.told(this.uploads), download: this.told(this.downloads) }
  }

  private told(transfers: readonly Transfer[]): object {
    return {
      mb_per_second: round(this.size / 1e6 / mean(transfers)),
      seconds: transfers.map(({ seconds }) => round(seconds)),
      cpu_seconds: transfers.map(({ cpuSeconds }) => round(cpuSeconds)),
    }
  }
}

/** Seconds, on average. */
export function mean(transfers: readonly Transfer[]): number {
  return transfers.reduce((sum, { seconds }) => sum + seconds, 0) / transfers.length
}

export function round(value: number): number {
  return Math.round(value * 100) / 100
}
