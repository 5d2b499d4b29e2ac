import type { Placement } from '../servers/running-server.js'
import { type ServerName, startServer } from '../servers/server-names.js'
import { inLoadProcess, type ResultOf } from './in-load-process.js'
import type { ComparedSettings } from './settings.js'

/**
 * Runs a scenario on several servers in turn, A B C A B C …: what disturbs the machine for a while then disturbs all
 * of them. Every round starts its server anew.
 */

export type RoundsByServer<S extends ComparedSettings> = ReadonlyMap<ServerName, readonly ResultOf<S>[]>

export interface RoundsOptions {
  readonly servers: readonly ServerName[]
  readonly rounds: number
  readonly placement: Placement
  /** Told before each round. */
  progress(text: string): void
}

export async function alternatingRounds<S extends ComparedSettings>(
  settings: S,
  options: RoundsOptions,
): Promise<RoundsByServer<S>> {
  const results = new Map<ServerName, ResultOf<S>[]>(options.servers.map((name) => [name, []]))
  for (let round = 1; round <= options.rounds; round++) {
    for (const name of options.servers) {
      options.progress(`${settings.scenario}: ${name}, round ${round} of ${options.rounds}`)
      const server = await startServer(name, options.placement.server)
      try {
        const job = { dialect: name, target: server.target, settings }
        results.get(name)!.push(await inLoadProcess(job, options.placement.load))
      } finally {
        await server.stop()
      }
    }
  }
  return results
}

/** The middle value; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length === 0) return Number.NaN
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
