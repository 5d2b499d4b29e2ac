import { type NodeId, type Slot, slot } from '@chat4all/protocol'
import Consul from 'consul'
import { LatestValue } from './latest-value.js'
import type { Member, Members } from './port.js'

export interface ConsulOptions {
  readonly host: string
  readonly port: number
  readonly secure?: boolean
  readonly token?: string
  /** Under which name shard-nodes register; one per cell. */
  readonly service?: string
  /** Shown in Consul's UI beside the node. */
  readonly version?: string
  /** Told when Consul does not answer, and when it does again. */
  readonly onFault?: (what: string, error: Error) => void
}

const HEARTBEAT_MS = 1_000
const TTL = '3s'
const DEREGISTER_AFTER = '30m'
/** After a fault of Consul, members that vanished are believed gone only when they are still missing this much later. */
const DOUBT_MS = 5_000
const HINTS = 'chat4all/slots/'

/**
 * Members through Consul: shard-nodes register with a TTL check, everyone follows the healthy ones by blocking queries;
 * each node writes the slots that it serves under `chat4all/slots/`, for edges and for people.
 *
 * It only says who is probably alive. Consul gone: what was known last stands, so nothing moves. Consul's data lost:
 * nodes register again with the next heartbeat, and their absence until then is not taken for death.
 */
export function consulMembers(options: ConsulOptions): Members {
  const consul = new Consul({
    host: options.host,
    port: options.port,
    secure: options.secure ?? false,
    ...(options.token !== undefined && { defaults: { token: options.token } }),
  })
  const service = options.service ?? 'shard-node'
  const fault = options.onFault ?? (() => {})
  const members = new LatestValue<readonly Member[]>([])
  const owners = new LatestValue<ReadonlyMap<Slot, NodeId>>(new Map())
  const hints = new Map<NodeId, readonly Slot[]>()
  const joined = new Map<NodeId, Member>()
  let heartbeat: NodeJS.Timeout | undefined
  let doubtUntil = 0
  let doubted: NodeJS.Timeout | undefined
  const watches: { end(): void }[] = []

  async function register(self: Member): Promise<void> {
    const [host, port] = split(self.address)
    const slots = hints.get(self.node)?.length ?? 0
    await consul.agent.service.register({
      id: self.node,
      name: service,
      address: host,
      port,
      meta: {
        role: 'shard-node',
        weight: String(self.weight),
        draining: String(self.weight === 0),
        slots: String(slots),
        version: options.version ?? 'unknown',
      },
      check: {
        name: 'heartbeat',
        ttl: TTL,
        timeout: TTL,
        deregistercriticalserviceafter: DEREGISTER_AFTER,
        status: 'passing',
      },
    })
  }

  async function tellHint(node: NodeId): Promise<void> {
    const slots = hints.get(node) ?? []
    await consul.kv.set(`${HINTS}${node}`, JSON.stringify({ node, count: slots.length, slots: ranges(slots) }))
  }

  async function beat(): Promise<void> {
    for (const self of joined.values()) {
      try {
        await consul.agent.check.pass({
          id: `service:${self.node}`,
          note: `${hints.get(self.node)?.length ?? 0} slots`,
        })
      } catch (error) {
        fault('heartbeat', error as Error)
        // A Consul that lost its data knows neither the check nor the hints.
        await register(self)
          .then(() => tellHint(self.node))
          .catch(() => {})
      }
    }
  }

  let healthyNow: Member[] = []
  function healthy(found: Member[]): void {
    healthyNow = found
    clearTimeout(doubted)
    const vanished = members.value.some(({ node }) => !found.some((member) => member.node === node))
    const doubtMs = doubtUntil - Date.now()
    if (vanished && doubtMs > 0) doubted = setTimeout(() => healthy(healthyNow), doubtMs)
    else if (JSON.stringify(found) !== JSON.stringify(members.value)) members.set(found)
  }

  function follow(): void {
    if (watches.length > 0) return
    const services = consul.watch({
      method: consul.health.service,
      options: { service, passing: true } as unknown as Record<string, string>,
      backoffFactor: 200,
      backoffMax: 2_000,
    })
    services.on('change', (found: ServiceEntry[]) =>
      healthy(found.map(memberOf).sort((a, b) => (a.node < b.node ? -1 : 1))),
    )
    const slots = consul.watch({
      method: consul.kv.get,
      options: { key: HINTS, recurse: true } as unknown as Record<string, string>,
      backoffFactor: 200,
      backoffMax: 2_000,
    })
    slots.on('change', (found: { Value: string | null }[] | undefined) => owners.set(ownersOf(found ?? [])))
    for (const [name, watch] of [
      ['members', services],
      ['slots', slots],
    ] as const) {
      watch.on('error', (error: Error) => {
        doubtUntil = Date.now() + DOUBT_MS
        fault(`watch ${name}`, error)
      })
      watches.push(watch)
    }
  }

  return {
    async join(self) {
      joined.set(self.node, self)
      await register(self).catch((error) => fault('register', error as Error))
      heartbeat ??= setInterval(() => void beat(), HEARTBEAT_MS)
    },
    async leave(node) {
      if (!joined.delete(node)) return
      await consul.agent.service.deregister(node).catch((error: Error) => fault('deregister', error))
      await consul.kv.del(`${HINTS}${node}`).catch((error: Error) => fault('deregister', error))
    },
    watch(onChange) {
      follow()
      return members.watch(onChange)
    },
    hint(node, slots) {
      hints.set(node, slots)
      tellHint(node).catch((error: Error) => fault('hint', error))
      const self = joined.get(node)
      if (self !== undefined) register(self).catch((error: Error) => fault('register', error))
    },
    watchHints(onChange) {
      follow()
      return owners.watch(onChange)
    },
    async close() {
      clearInterval(heartbeat)
      clearTimeout(doubted)
      for (const watch of watches) watch.end()
      members.close()
      owners.close()
    },
  }
}

interface ServiceEntry {
  readonly Service: {
    readonly ID: string
    readonly Address: string
    readonly Port: number
    readonly Meta: Readonly<Record<string, string>> | null
  }
}

function memberOf({ Service: { ID, Address, Port, Meta } }: ServiceEntry): Member {
  return { node: ID as NodeId, address: `${Address}:${Port}`, weight: Number(Meta?.weight ?? 1) }
}

function split(address: string): [host: string, port: number] {
  const colon = address.lastIndexOf(':')
  return [address.slice(0, colon), Number(address.slice(colon + 1))]
}

/** [0, 1, 2, 7] → '0-2 7': 1024 slots stay readable in Consul's UI. */
export function ranges(slots: readonly Slot[]): string {
  const sorted = [...slots].sort((a, b) => a - b)
  const parts: string[] = []
  for (let i = 0; i < sorted.length; i++) {
    const first = sorted[i]!
    while (sorted[i + 1] === sorted[i]! + 1) i++
    parts.push(first === sorted[i] ? String(first) : `${first}-${sorted[i]}`)
  }
  return parts.join(' ')
}

/** The inverse of {@link ranges}. */
export function slotsOf(text: string): Slot[] {
  const slots: Slot[] = []
  for (const part of text.split(' ').filter((some) => some !== '')) {
    const [first, last] = part.split('-').map(Number)
    for (let index = first!; index <= (last ?? first!); index++) slots.push(slot(index))
  }
  return slots
}

function ownersOf(found: readonly { Value: string | null }[]): ReadonlyMap<Slot, NodeId> {
  const owners = new Map<Slot, NodeId>()
  for (const { Value } of found) {
    if (Value === null) continue
    const { node, slots } = JSON.parse(Value) as { node: NodeId; slots: string }
    for (const of of slotsOf(slots)) owners.set(of, node)
  }
  return owners
}
