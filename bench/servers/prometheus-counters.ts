import type { Target } from '../load/dialect.js'

/** The counters of a server's /metrics whose name matches, summed over their labels; empty when it shows none. */
export async function readCounters(target: Target, matches: RegExp): Promise<Map<string, number>> {
  const answer = await fetch(`http://127.0.0.1:${target.port}/metrics`, {
    headers: { authorization: `Bearer ${target.metricsToken ?? ''}` },
  })
  if (!answer.ok) return new Map()
  return parseCounters(await answer.text(), matches)
}

/** Reads the counters out of Prometheus' text format. */
export function parseCounters(text: string, matches: RegExp): Map<string, number> {
  const counters = new Set<string>()
  const sums = new Map<string, number>()
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\S+) counter$/.exec(line)
    if (type !== null && matches.test(type[1]!)) counters.add(type[1]!)
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{.*\})? (\S+)/.exec(line)
    if (sample !== null && counters.has(sample[1]!))
      sums.set(sample[1]!, (sums.get(sample[1]!) ?? 0) + Number(sample[2]))
  }
  return sums
}
