import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/**
 * The process's metrics: those of Node.js (among them CPU, memory, event-loop lag) and a line that says what runs.
 * Roles add their own through their events.
 */
export function createRegistry(role: string, version: string): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 10 })
  const build = new Gauge({
    name: 'chat4all_build_info',
    help: 'What runs; the value is always 1',
    labelNames: ['role', 'version', 'node_version'],
    registers: [registry],
  })
  build.set({ role, version, node_version: process.version }, 1)
  return registry
}

/** Counts the answers of REST by route and status, with the time they took. */
export function restMetrics(
  registry: Registry,
): (answer: { method: string; route: string; status: number; tookMs: number }) => void {
  const name = 'chat4all_rest_seconds'
  // Edges that share a process share the metric.
  const seconds =
    (registry.getSingleMetric(name) as Histogram<'method' | 'route' | 'status'> | undefined) ??
    new Histogram({
      name,
      help: 'From the whole request to its answer',
      labelNames: ['method', 'route', 'status'],
      registers: [registry],
      buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5],
    })
  return ({ method, route, status, tookMs }) => seconds.observe({ method, route, status }, tookMs / 1000)
}
