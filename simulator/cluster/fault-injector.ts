import type { Fault } from '../run/plan.js'
import { NO_STORE_FAULTS, REPLICAS } from '../store/replicas.js'
import { NO_STREAM_FAULTS } from '../store/stream.js'
import type { Cluster } from './cluster.js'

/** A dead process is noticed so much later; a stopped one that sleeps longer is taken for dead. */
const NOTICED_MS_MIN = 300
const NOTICED_MS_MAX = 3_000

/** Makes things break, and whole again. */
export class FaultInjector {
  private readonly cluster: Cluster
  private readonly repairs = new Set<() => void>()

  constructor(cluster: Cluster) {
    this.cluster = cluster
  }

  inject(fault: Fault): void {
    const { world, trace } = this.cluster
    const broken = this.break(fault)
    if (broken === undefined) return
    trace.note('fault', broken.who, `${fault.name} for ${fault.lastsMs.toFixed(0)} ms`)
    const repair = () => {
      if (!this.repairs.delete(repair)) return
      trace.note('repair', broken.who, fault.name)
      broken.repair()
    }
    this.repairs.add(repair)
    world.after(fault.lastsMs, repair)
  }

  /** All that is broken is made whole. */
  repairAll(): void {
    for (const repair of [...this.repairs]) repair()
    Object.assign(this.cluster.store.replicas.faults, NO_STORE_FAULTS)
    Object.assign(this.cluster.stream.faults, NO_STREAM_FAULTS)
  }

  /** Undefined: the victim is in no state to suffer this. */
  private break(fault: Fault): { readonly who: string; readonly repair: () => void } | undefined {
    const { cluster } = this
    const { nodes, edges, network, membership, world, store } = cluster
    const node = nodes[fault.victim % nodes.length]!
    const edge = edges[fault.other % edges.length]!
    const noticedAfter = NOTICED_MS_MIN + fault.amount * (NOTICED_MS_MAX - NOTICED_MS_MIN)
    switch (fault.name) {
      case 'node-crash': {
        if (!node.process.isUp) return
        node.process.crash()
        network.died(node.process)
        const lives = node.process.lives
        world.after(noticedAfter, () => {
          if (node.process.lives === lives) membership.tell(node.node, false)
        })
        return {
          who: node.node,
          repair: () => {
            node.start()
            membership.tell(node.node, true)
          },
        }
      }
      case 'node-pause': {
        if (!node.process.isUp || node.process.isPaused) return
        node.process.pause()
        const lives = node.process.lives
        world.after(noticedAfter, () => {
          if (node.process.isPaused && node.process.lives === lives) membership.tell(node.node, false)
        })
        return {
          who: node.node,
          repair: () => {
            node.process.resume()
            if (node.process.isUp) membership.tell(node.node, true)
          },
        }
      }
      case 'node-suspected':
        membership.tell(node.node, false)
        return {
          who: node.node,
          repair: () => {
            if (node.process.isUp) membership.tell(node.node, true)
          },
        }
      case 'edge-crash':
        if (!edge.process.isUp) return
        edge.process.crash()
        network.died(edge.process)
        return { who: edge.process.name, repair: () => edge.start() }
      case 'edge-pause':
        if (!edge.process.isUp || edge.process.isPaused) return
        edge.process.pause()
        return { who: edge.process.name, repair: () => edge.process.resume() }
      case 'link-cut': {
        const route = network.route(node.process.name, edge.process.name)
        if (route.cut) return
        route.cut = true
        network.cutAll(node.process.name, edge.process.name)
        return {
          who: `${edge.process.name}-${node.node}`,
          repair: () => {
            route.cut = false
          },
        }
      }
      case 'link-stall': {
        const route = network.route(node.process.name, edge.process.name)
        if (route.stalledFrom !== undefined) return
        route.stalledFrom = fault.amount < 0.5 ? node.process.name : edge.process.name
        return {
          who: `${edge.process.name}-${node.node}`,
          repair: () => {
            route.stalledFrom = undefined
            network.release(node.process.name, edge.process.name)
          },
        }
      }
      case 'link-slow': {
        const route = network.route(node.process.name, edge.process.name)
        const usual = { delayMsMin: route.delayMsMin, delayMsMax: route.delayMsMax }
        Object.assign(route, { delayMsMin: 5 + 100 * fault.amount, delayMsMax: 100 + 900 * fault.amount })
        return { who: `${edge.process.name}-${node.node}`, repair: () => void Object.assign(route, usual) }
      }
      case 'peer-cut':
      case 'peer-stall': {
        const other = nodes[(fault.victim + 1 + (fault.other % Math.max(1, nodes.length - 1))) % nodes.length]!
        if (other === node) return
        const route = network.route(node.process.name, other.process.name)
        const who = `${node.node}-${other.node}`
        if (fault.name === 'peer-stall') {
          if (route.stalledFrom !== undefined) return
          route.stalledFrom = fault.amount < 0.5 ? node.process.name : other.process.name
          const repair = () => {
            route.stalledFrom = undefined
            network.release(node.process.name, other.process.name)
          }
          return { who, repair }
        }
        if (route.cut) return
        route.cut = true
        network.cutAll(node.process.name, other.process.name)
        const repair = () => {
          route.cut = false
        }
        return { who, repair }
      }
      case 'weight-change':
        if (membership.weightOf(node.node) !== 1) return
        membership.weigh(node.node, fault.amount < 0.4 ? 0 : fault.amount < 0.7 ? 0.3 : 2)
        return { who: node.node, repair: () => membership.weigh(node.node, 1) }
      case 'client-cut': {
        const client = cluster.clients[fault.victim % cluster.clients.length]!
        client.cut()
        return { who: client.name, repair: () => {} }
      }
      case 'replica-down': {
        const replica = store.replicas.all[fault.victim % REPLICAS]!
        if (replica.down) return
        replica.down = true
        return {
          who: `replica${fault.victim % REPLICAS}`,
          repair: () => {
            replica.down = false
          },
        }
      }
      case 'slow-store': {
        const { faults } = store.replicas
        faults.delayMsMax = NO_STORE_FAULTS.delayMsMax * (5 + 95 * fault.amount)
        return {
          who: 'store',
          repair: () => {
            faults.delayMsMax = NO_STORE_FAULTS.delayMsMax
          },
        }
      }
      case 'stream-away': {
        const { faults } = cluster.stream
        if (faults.away) return
        faults.away = true
        const repair = () => {
          faults.away = false
        }
        return { who: 'stream', repair }
      }
      case 'clock-jump': {
        const { process } = node
        const wide = fault.amount < 0.5 ? 2_000 : 3_600_000
        process.setClockWrongBy(Math.round((2 * ((fault.amount * 2) % 1) - 1) * wide))
        // A wrong clock stays wrong: nothing may need it right.
        return { who: process.name, repair: () => {} }
      }
      case 'lost-request':
      case 'late-request':
      case 'lost-answer':
      case 'late-batch':
      case 'unknown-compare-and-set':
      case 'slow-recovery':
        throw new Error(`${fault.name} is a property of every request, not an event`)
    }
  }
}
