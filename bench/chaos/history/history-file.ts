import { closeSync, createReadStream, openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Observation } from './observation.js'

/** A history on disk: one line of JSON for each observation, only ever appended to. */

const FLUSH_BYTES = 256 * 1024

/** Where the clients of a run write what they do and see. */
export interface Recorder {
  record(observation: Observation): void
  /** The run's clock. */
  now(): number
}

export class HistoryFile implements Recorder {
  private readonly file: number
  private readonly startedAt = performance.now()
  private waiting: string[] = []
  private waitingBytes = 0
  lines = 0

  constructor(path: string) {
    this.file = openSync(path, 'ax')
  }

  now(): number {
    return Math.round((performance.now() - this.startedAt) * 100) / 100
  }

  record(observation: Observation): void {
    const line = JSON.stringify(observation)
    this.waiting.push(line)
    this.waitingBytes += line.length
    this.lines++
    if (this.waitingBytes > FLUSH_BYTES) this.flush()
  }

  flush(): void {
    if (this.waiting.length === 0) return
    writeSync(this.file, `${this.waiting.join('\n')}\n`)
    this.waiting = []
    this.waitingBytes = 0
  }

  close(): void {
    this.flush()
    closeSync(this.file)
  }
}

/** Tells every observation of a kept history with its line number, from 1. */
export async function readHistory(
  path: string,
  take: (observation: Observation, line: number) => void,
): Promise<number> {
  let line = 0
  for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    line++
    let observation: Observation
    try {
      observation = JSON.parse(text) as Observation
    } catch (error) {
      throw new Error(`${path}, line ${line}: ${(error as Error).message}`)
    }
    take(observation, line)
  }
  return line
}
