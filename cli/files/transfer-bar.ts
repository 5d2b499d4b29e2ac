import progress from 'cli-progress'

const UNITS = ['B', 'KiB', 'MiB', 'GiB'] as const

export function bytesText(bytes: number): string {
  const unit = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** unit
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`
}

/** How far a transfer is, on the terminal; nothing where standard error is none. */
export class TransferBar {
  private readonly bar: progress.SingleBar | undefined
  private started = false
  private startedMs = 0
  private startedBytes = 0

  constructor(quiet: boolean) {
    if (quiet || !process.stderr.isTTY) return
    this.bar = new progress.SingleBar({
      stream: process.stderr,
      format: `{phase} {bar} {percentage}%  {done} of {whole}  {rate}/s  {eta_formatted}`,
      barsize: 28,
      barCompleteChar: '━',
      barIncompleteChar: '─',
      hideCursor: true,
      clearOnComplete: true,
      etaBuffer: 200,
      formatBar: progress.Format.BarFormat,
      fps: 8,
    })
  }

  show(phase: string, doneBytes: number, wholeBytes: number): void {
    if (this.bar === undefined) return
    if (!this.started) {
      this.started = true
      this.startedMs = performance.now()
      this.startedBytes = doneBytes
      this.bar.start(wholeBytes, doneBytes, { phase, done: '', whole: bytesText(wholeBytes), rate: '' })
    }
    const seconds = (performance.now() - this.startedMs) / 1000
    const rate = seconds < 0.2 ? 0 : Math.max(0, doneBytes - this.startedBytes) / seconds
    this.bar.update(doneBytes, {
      phase: phase.padEnd(11),
      done: bytesText(doneBytes),
      rate: bytesText(Math.round(rate)),
    })
  }

  stop(): void {
    this.bar?.stop()
  }
}
