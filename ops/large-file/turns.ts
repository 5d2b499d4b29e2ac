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
      mb_per_second: round(this.size / 1e6 / median(transfers)),
      seconds: transfers.map(({ seconds }) => round(seconds)),
      cpu_seconds: transfers.map(({ cpuSeconds }) => round(cpuSeconds)),
    }
  }
}

/** Seconds of the one in the middle: on a machine with other work, one that met a busy disk says nothing. */
export function median(transfers: readonly Transfer[]): number {
  const seconds = transfers.map((transfer) => transfer.seconds).sort((a, b) => a - b)
  const middle = Math.floor(seconds.length / 2)
  return seconds.length % 2 === 1 ? seconds[middle]! : (seconds[middle - 1]! + seconds[middle]!) / 2
}

export function round(value: number): number {
  return Math.round(value * 100) / 100
}
