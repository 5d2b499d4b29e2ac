import type { Process } from './process.js'
import type { Random } from './random.js'
import type { World } from './world.js'

/** A dialer gives up after so long. */
const DIAL_MS_MAX = 1_000

/** One side of a connection. */
export interface Side<In> {
  frames(frames: readonly In[]): void
  /** Last; what was sent and not answered may or may not have arrived. */
  closed(): void
}

/**
 * Connections as TCP gives them: ordered while they are up, whole or gone. What is lost is lost together with the
 * connection, from some frame on; and the two sides notice the end at different times, so a peer may have two
 * connections of the same dialer, and get frames of the old one after the first frames of the new one.
 */
export class Network {
  private readonly world: World
  private readonly random: Random
  private readonly routes = new Map<string, Route>()
  private readonly connections = new Set<Connection<never, never>>()

  constructor(world: World) {
    this.world = world
    this.random = world.random.fork('network')
  }

  /** The way between two processes; the same for both orders of the names. */
  route(a: string, b: string): Route {
    const name = a < b ? `${a}|${b}` : `${b}|${a}`
    let route = this.routes.get(name)
    if (route === undefined) {
      route = { cut: false, stalledFrom: undefined, delayMsMin: 0.1, delayMsMax: 3 }
      this.routes.set(name, route)
    }
    return route
  }

  /**
   * Opens a connection. `accept` is asked at the far side when the request arrives there; `opened` and `failed` tell
   * the near side.
   */
  connect<Up, Down>(
    near: Process,
    far: Process,
    accept: (connection: Connection<Up, Down>) => Side<Up> | undefined,
    opened: (connection: Connection<Up, Down>) => Side<Down>,
    failed: () => void,
  ): void {
    const route = this.route(near.name, far.name)
    let settled = false
    const settle = (outcome: () => void) =>
      near.answer(() => {
        if (settled) return
        settled = true
        outcome()
      })
    const fail = settle(failed)
    // A far side that is stopped does not even refuse.
    this.world.after(DIAL_MS_MAX, fail)
    if (route.cut || !far.isUp) {
      this.world.after(this.delay(route) * 2, fail)
      return
    }
    const connection = new Connection<Up, Down>(this, this.world, this.random, route, near, far)
    this.connections.add(connection as unknown as Connection<never, never>)
    const tellNear = settle(() => connection.nearIs(opened(connection)))
    this.world.after(this.delay(route), () => {
      if (route.cut || !far.isUp) return fail()
      far.deliver(() => {
        const side = accept(connection)
        if (side === undefined) return void this.world.after(this.delay(route), fail)
        connection.farIs(side)
        // The dialer that died or gave up meanwhile is noticed like any other death.
        if (!near.isUp || settled) connection.cut()
        else this.world.after(this.delay(route), tellNear)
      })
    })
  }

  /** Breaks all connections between two processes. */
  cutAll(a: string, b: string): void {
    const route = this.route(a, b)
    for (const connection of [...this.connections]) if (connection.route === route) connection.cut()
  }

  /** A process died: its peers notice. */
  died(process: Process): void {
    for (const connection of [...this.connections]) if (connection.joins(process)) connection.cut()
  }

  /** The stall of a route is over: what was held goes on. */
  release(a: string, b: string): void {
    const route = this.route(a, b)
    for (const connection of [...this.connections]) if (connection.route === route) connection.release()
  }

  delay(route: Route): number {
    return this.random.skewed(route.delayMsMin, route.delayMsMax)
  }

  forget(connection: Connection<never, never>): void {
    this.connections.delete(connection)
  }
}

/** What the way between two processes is like now. */
export interface Route {
  cut: boolean
  /** Frames sent by this process are held. */
  stalledFrom: string | undefined
  delayMsMin: number
  delayMsMax: number
}

/** `Up` goes from the dialer to the far side, `Down` the other way. */
export class Connection<Up, Down> {
  readonly route: Route
  private readonly network: Network
  private readonly world: World
  private readonly random: Random
  private readonly up: Direction<Up>
  private readonly down: Direction<Down>
  private open = true

  constructor(network: Network, world: World, random: Random, route: Route, near: Process, far: Process) {
    this.network = network
    this.world = world
    this.random = random
    this.route = route
    this.up = new Direction<Up>(near, far)
    this.down = new Direction<Down>(far, near)
  }

  get isOpen(): boolean {
    return this.open
  }

  joins(process: Process): boolean {
    return this.up.from === process || this.up.to === process
  }

  nearIs(side: Side<Down>): void {
    this.down.side = side
    if (!this.open) this.down.side.closed()
  }

  farIs(side: Side<Up>): void {
    this.up.side = side
  }

  sendUp(frames: readonly Up[]): void {
    this.send(this.up, frames)
  }

  sendDown(frames: readonly Down[]): void {
    this.send(this.down, frames)
  }

  private send<T>(direction: Direction<T>, frames: readonly T[]): void {
    if (!this.open || frames.length === 0) return
    if (this.route.stalledFrom === direction.from.name) direction.held.push(frames)
    else this.transmit(direction, frames)
  }

  private transmit<T>(direction: Direction<T>, frames: readonly T[]): void {
    const at = Math.max(direction.lastAt, this.world.now + this.network.delay(this.route))
    direction.lastAt = at
    const packet = { frames, lost: false }
    direction.flying.push(packet)
    this.world.after(at - this.world.now, () => {
      direction.flying.shift()
      if (!packet.lost) direction.to.deliver(direction.taker((side) => side.frames(frames)))
    })
  }

  release(): void {
    for (const direction of [this.up, this.down] as Direction<unknown>[]) {
      for (const frames of direction.held.splice(0)) this.transmit(direction, frames)
    }
  }

  /** The far side ends it behind what it has sent. */
  close(): void {
    if (!this.open) return
    this.open = false
    this.network.forget(this as unknown as Connection<never, never>)
    for (const packet of this.up.flying) packet.lost = true
    for (const direction of [this.down, this.up] as Direction<unknown>[]) this.tellClosed(direction)
  }

  private tellClosed(direction: Direction<unknown>): void {
    // The end is noticed behind the last frame that arrives: at once, or only by a time-out.
    const noticed = this.random.chance(0.3) ? this.random.between(50, 1_500) : this.network.delay(this.route)
    const at = Math.max(direction.lastAt, this.world.now + noticed)
    this.world.after(at - this.world.now, () => direction.to.deliver(direction.taker((side) => side.closed())))
  }

  /** Either side, or the way between them, breaks it. */
  cut(): void {
    if (!this.open) return
    this.open = false
    this.network.forget(this as unknown as Connection<never, never>)
    for (const direction of [this.up, this.down] as Direction<unknown>[]) {
      direction.held.length = 0
      const arriving = this.random.below(direction.flying.length + 1)
      for (const packet of direction.flying.slice(arriving)) packet.lost = true
      this.tellClosed(direction)
    }
  }
}

class Direction<T> {
  readonly from: Process
  readonly to: Process
  /** Stalled frames. */
  readonly held: (readonly T[])[] = []
  /** Packets under way, oldest first. */
  readonly flying: { readonly frames: readonly T[]; lost: boolean }[] = []
  lastAt = 0
  side: Side<T> | undefined
  private readonly toLife: number

  constructor(from: Process, to: Process) {
    this.from = from
    this.to = to
    this.toLife = to.lives
  }

  /** Something for the side at the end, if that is still the process that opened the connection. */
  taker(run: (side: Side<T>) => void): () => void {
    return () => {
      if (this.side !== undefined && this.to.lives === this.toLife) run(this.side)
    }
  }
}
