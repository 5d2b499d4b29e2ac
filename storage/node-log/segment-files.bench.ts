import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LogId, Offset } from '@chat4all/protocol'
import { openSegmentFiles } from './segment-files.js'

/**
 * What an append costs, on the disk of the temporary folder (TMPDIR): CPU of all threads, and latency.
 * Run alone: `node storage/dist/node-log/segment-files.bench.js`.
 */
export interface AppendFigures {
  readonly entryBytes: number
  readonly inFlight: number
  readonly cpuMicrosPerEntry: number
  readonly cpuMicrosPer200Bytes: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly megabytesPerSecond: number
}

export async function measureAppends(entryBytes: number, inFlight: number, count: number): Promise<AppendFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'chat4all-bench-'))
  const log = 'bench' as LogId
  const entry = Buffer.alloc(entryBytes, 'some bytes of a message')
  const latencies: number[] = []
  try {
    const logs = await openSegmentFiles({ folder })
    await logs.open(log)
    let next = 0
    const begun = performance.now()
    const cpu = process.cpuUsage()
    const appendInTurn = async () => {
      while (next < count) {
        const sent = performance.now()
        await logs.append(log, next++ as Offset, entry)
        latencies.push(performance.now() - sent)
      }
    }
    await Promise.all(Array.from({ length: inFlight }, appendInTurn))
    const { user, system } = process.cpuUsage(cpu)
    const tookMs = performance.now() - begun
    await logs.close()
    latencies.sort((a, b) => a - b)
    return {
      entryBytes,
      inFlight,
      cpuMicrosPerEntry: (user + system) / count,
      cpuMicrosPer200Bytes: (user + system) / count / (entryBytes / 200),
      p50Ms: latencies[Math.floor(count * 0.5)]!,
      p99Ms: latencies[Math.floor(count * 0.99)]!,
      megabytesPerSecond: (count * entryBytes) / 1_000 / tookMs,
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [entryBytes, inFlight] of [
    [400, 1],
    [400, 4],
    [4_096, 1],
    [65_536, 1],
    [65_536, 4],
  ] as const) {
    console.log(JSON.stringify(await measureAppends(entryBytes, inFlight, 3_000)))
  }
}
