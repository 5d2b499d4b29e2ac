import type { NodeId, Slot } from '@chat4all/protocol'
import Consul from 'consul'
import { BelievedMembers } from './believed-members.js'
import { clusterKeys, type KeyValue, memberSeen, ownersOf, type ServiceEntry, weightsOf } from './consul-entries.js'
import { lastingWatch, type Watch } from './lasting-watch.js'
import { LatestValue } from './latest-value.js'
import type { Member, Members } from './port.js'
import { ranges } from './slot-ranges.js'

export interface ConsulOptions {
  /** `http://host:port` or `https://…`. */
  readonly url: string
  readonly token?: string | undefined
  /** Services are `<cluster>-shard-node`, `<cluster>-edge` and `<cluster>-webhook`; keys lie below `<cluster>/`. */
  readonly cluster: string
  /** Shown in Consul's UI. */
  readonly version?: string
  /** Consul does not answer; told once, until it does. */
  readonly onAway?: (error: Error) => void
  readonly onBack?: (awayMs: number) => void
}

export interface ConsulMembers extends Members {
  /** Announces another process than a shard-node, for people and load balancers; keeps it announced until `close`. */
  announce(role: AnnouncedRole, name: string, about: About): void
  /** What a node, or another process that is announced, says of itself from now on. What is told before it joins is there from its first moment as a member. */
  describe(name: string, about: About): void
  /** Since when Consul does not answer (`performance.now()`), and what it said last. */
  readonly away: { readonly since: number; readonly error: Error } | undefined
}

/** Processes that no slot depends on. */
export type AnnouncedRole = 'edge' | 'webhook'

export interface About {
  /** Log of a shard-node. */
  readonly log?: string
  /** Where its health and metrics are: `http://host:port`. */
  readonly http?: string
  /** Why it cannot do its work now: its check turns critical. Undefined: it can. */
  readonly fault?: string | undefined
}

/** What is told to Consul one at a time, so that an older state never lands on top of a newer one. */
interface Turn {
  busy: boolean
  again: boolean
}

interface Announced {
  readonly service: string
  readonly role: 'shard-node' | AnnouncedRole
  address: string
  weight: number
  about: About
  /** The state that Consul was last told, to tell again only what changes. */
  told: string | undefined
  /** The service and its check … */
  readonly beating: Turn
  /** … and the slots that it serves. */
  readonly hinting: Turn
}

const HEARTBEAT_MS = 1_000
const REQUEST_MS_MAX = 2_000
const TTL = '3s'
const DEREGISTER_AFTER = '30m'

/**
 * Members through Consul: shard-nodes register with a TTL check, everyone follows them by blocking queries; each node
 * writes the slots that it serves under `<cluster>/slots/`, for edges and for people; operators write weights under
 * `<cluster>/weights/`.
 *
 * It only says who is probably alive. Consul gone: what was known last stands, so nothing moves. Consul's data lost:
 * nodes register again with the next heartbeat, and their absence until then is not taken for death.
 */
export function consulMembers(options: ConsulOptions): ConsulMembers {
  const { cluster, version = 'unknown' } = options
  const keys = clusterKeys(cluster)
  const consul = new Consul({
    baseUrl: `${options.url.replace(/\/+$/, '')}/v1`,
    defaults: { timeout: REQUEST_MS_MAX, ...(options.token !== undefined && { token: options.token }) },
  } as ConstructorParameters<typeof Consul>[0])
  const members = new LatestValue<readonly Member[]>([])
  const owners = new LatestValue<ReadonlyMap<Slot, NodeId>>(new Map())
  const believed = new BelievedMembers()
  const slotsServed = new Map<string, readonly Slot[]>()
  const announced = new Map<string, Announced>()
  /** Of those that have not joined yet. */
  const described = new Map<string, About>()
  const endWatches: (() => void)[] = []
  let services: readonly ServiceEntry[] | undefined
  let hinted: readonly KeyValue[] = []
  let weights: ReadonlyMap<string, number> | undefined
  let heartbeat: NodeJS.Timeout | undefined
  let lookAgain: NodeJS.Timeout | undefined
  let away: ConsulMembers['away']
  let heardAt = performance.now()
  let closed = false
  /** Whether Consul has ever said who there is. Before, nobody is dead: a list without members would say that all are. */
  let known = false

  function heard(): void {
    const now = performance.now()
    // Also after a pause of this process: what expired meanwhile expired for want of its own ears.
    if (away !== undefined || now - heardAt > 2 * HEARTBEAT_MS + REQUEST_MS_MAX) believed.doubt(now)
    heardAt = now
    if (away === undefined) return
    options.onBack?.(now - away.since)
    away = undefined
  }

  function notHeard(error: Error): void {
    believed.doubt(performance.now())
    if (closed) return
    const since = away?.since ?? performance.now()
    if (away === undefined) options.onAway?.(error)
    away = { since, error }
  }

  async function register(id: string, self: Announced): Promise<void> {
    const { service, role, address, weight, about } = self
    const colon = address.lastIndexOf(':')
    const slots = slotsServed.get(id)?.length ?? 0
    await consul.agent.service.register({
      id: `${service}.${id}`,
      name: service,
      address: address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'),
      port: Number(address.slice(colon + 1)),
      meta: {
        role,
        node: id,
        version,
        ...(about.http !== undefined && { http: about.http }),
        ...(role === 'shard-node' && {
          weight: String(weight),
          draining: String(weight === 0),
          slots: String(slots),
          ...(about.log !== undefined && { log: about.log }),
        }),
      },
      check: {
        name: 'heartbeat',
        ttl: TTL,
        timeout: TTL,
        deregistercriticalserviceafter: DEREGISTER_AFTER,
        status: about.fault === undefined ? 'passing' : 'critical',
      },
    })
  }

  const stateOf = (id: string, { address, weight, about: { log, http } }: Announced): string =>
    JSON.stringify([address, weight, log, http, slotsServed.get(id)?.length ?? 0])

  /** Tells now, or once more when what is under way has ended. Never rejects. */
  async function oneAtATime(id: string, self: Announced, turn: Turn, tell: () => Promise<void>): Promise<void> {
    turn.again = turn.busy
    if (turn.busy) return
    turn.busy = true
    try {
      await tell()
      heard()
    } catch (error) {
      // A Consul that lost its data knows neither the service nor the slots.
      self.told = undefined
      notHeard(error as Error)
    } finally {
      turn.busy = false
      // It left meanwhile: nothing of it is to stay.
      if (!announced.has(id)) await deregister(id, self)
      else if (turn.again && away === undefined) void oneAtATime(id, self, turn, tell)
    }
  }

  const beat = (id: string, self: Announced): Promise<void> =>
    oneAtATime(id, self, self.beating, async () => {
      const state = stateOf(id, self)
      if (self.told !== state) {
        await register(id, self)
        self.told = state
        if (self.role === 'shard-node') await hintSlots(id, self)
      }
      const check = `service:${self.service}.${id}`
      const { fault } = self.about
      if (fault === undefined) await consul.agent.check.pass({ id: check, note: noteOf(id, self) })
      else await consul.agent.check.fail({ id: check, note: `${keys.faultNotes[self.role]}${fault}` })
    })

  const noteOf = (id: string, { role }: Announced): string =>
    role !== 'shard-node' ? 'ready' : `${slotsServed.get(id)?.length ?? 0} slots`

  /**
   * Only what edges look up. The numbers that people read go with the next heartbeat: every change of a service wakes all
   * who follow the members.
   */
  const hintSlots = (id: string, self: Announced): Promise<void> =>
    oneAtATime(id, self, self.hinting, async () => {
      const slots = slotsServed.get(id) ?? []
      const told = { node: id, count: slots.length, slots: ranges(slots) }
      await consul.kv.set(`${keys.slots}${id}`, JSON.stringify(told))
    })

  async function deregister(id: string, { service, role }: Announced): Promise<void> {
    try {
      await consul.agent.service.deregister(`${service}.${id}`)
      if (role === 'shard-node') await consul.kv.del(`${keys.slots}${id}`)
    } catch (error) {
      notHeard(error as Error)
    }
  }

  function beatAll(): void {
    for (const [id, self] of announced) void beat(id, self)
    if (announced.size === 0) consul.status.leader().then(heard, notHeard)
  }

  function look(): void {
    clearTimeout(lookAgain)
    if (services === undefined || weights === undefined || closed) return
    const now = performance.now()
    if (now - heardAt > 2 * HEARTBEAT_MS + REQUEST_MS_MAX) believed.doubt(now)
    const seen = services.map((entry) => memberSeen(entry, weights!, keys.faultNotes['shard-node']))
    const { members: all, again } = believed.update(seen, now)
    if (again !== undefined) lookAgain = setTimeout(look, again - now + 1)
    if (known && JSON.stringify(all) === JSON.stringify(members.value)) return
    known = true
    members.set(all)
    tellOwners()
  }

  function tellOwners(): void {
    const alive = new Set(members.value.map(({ node }) => node))
    const next = ownersOf(hinted, alive)
    if (!sameOwners(next, owners.value)) owners.set(next)
  }

  function follow(): void {
    if (endWatches.length > 0 || closed) return
    heartbeat ??= setInterval(beatAll, HEARTBEAT_MS)
    const watch = (method: unknown, query: Record<string, unknown>, onChange: (found: never) => void): void => {
      const begin = (): Watch =>
        consul.watch({
          method,
          options: { ...query, wait: '10s', timeout: 12_000 },
          backoffFactor: 200,
          backoffMax: 1_000,
        } as unknown as Parameters<typeof consul.watch>[0]) as unknown as Watch
      const change = (found: unknown): void => {
        heard()
        onChange(found as never)
      }
      endWatches.push(lastingWatch({ begin, onChange: change, onError: notHeard }))
    }
    watch(consul.health.service, { service: keys.services['shard-node'] }, (found: ServiceEntry[]) => {
      services = found
      look()
    })
    watch(consul.kv.get, { key: keys.weights, recurse: true }, (found: KeyValue[] | undefined) => {
      weights = weightsOf(found ?? [], keys.weights)
      look()
    })
    watch(consul.kv.get, { key: keys.slots, recurse: true }, (found: KeyValue[] | undefined) => {
      hinted = found ?? []
      tellOwners()
    })
  }

  function enter(id: string, now: Pick<Announced, 'service' | 'role' | 'address' | 'weight'>): Announced {
    const self = Object.assign(
      announced.get(id) ?? {
        about: described.get(id) ?? {},
        told: undefined,
        beating: { busy: false, again: false },
        hinting: { busy: false, again: false },
      },
      now,
    )
    announced.set(id, self)
    described.delete(id)
    heartbeat ??= setInterval(beatAll, HEARTBEAT_MS)
    return self
  }

  return {
    get away() {
      return away
    },
    async join({ node, address, weight }) {
      await beat(node, enter(node, { service: keys.services['shard-node'], role: 'shard-node', address, weight }))
    },
    announce(role, name, about) {
      const address = new URL(about.http ?? 'http://127.0.0.1:0').host
      const self = enter(name, { service: keys.services[role], role, address, weight: 1 })
      self.about = about
      void beat(name, self)
    },
    describe(name, about) {
      const self = announced.get(name)
      if (self === undefined) {
        described.set(name, { ...described.get(name), ...about })
        return
      }
      const { fault, log, http } = self.about
      self.about = { ...self.about, ...about }
      if (fault !== self.about.fault || log !== self.about.log || http !== self.about.http) void beat(name, self)
    },
    async leave(node) {
      const self = announced.get(node)
      if (self !== undefined && announced.delete(node)) await deregister(node, self)
    },
    watch(onChange) {
      follow()
      return members.watch((all) => {
        if (known) onChange(all)
      })
    },
    hint(node, slots) {
      slotsServed.set(node, slots)
      const self = announced.get(node)
      if (self !== undefined) void hintSlots(node, self)
    },
    watchHints(onChange) {
      follow()
      return owners.watch(onChange)
    },
    async close() {
      closed = true
      clearInterval(heartbeat)
      clearTimeout(lookAgain)
      for (const end of endWatches) end()
      members.close()
      owners.close()
      for (const [id, self] of [...announced]) {
        if (self.role !== 'shard-node' && announced.delete(id)) await deregister(id, self)
      }
    },
  }
}

function sameOwners(a: ReadonlyMap<Slot, NodeId>, b: ReadonlyMap<Slot, NodeId>): boolean {
  return a.size === b.size && [...a].every(([slot, owner]) => b.get(slot) === owner)
}
