import { readFileSync } from 'node:fs'

const LOOK_MS = 100

/** The resident memory of a process while something happens, in MiB. */
export class ResidentMemory {
  private readonly pid: number
  private readonly timer: NodeJS.Timeout
  readonly atStart: number
  peak: number

  constructor(pid: number) {
    this.pid = pid
    this.atStart = this.now()
    this.peak = this.atStart
    this.timer = setInterval(() => {
      this.peak = Math.max(this.peak, this.now())
    }, LOOK_MS)
  }

  /** 0 once the process is gone. */
  now(): number {
    try {
      return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
    } catch {
      return 0
    }
  }

  stop(): void {
    clearInterval(this.timer)
  }
}
