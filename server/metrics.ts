import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'

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
