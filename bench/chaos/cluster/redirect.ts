import { Socket } from 'node:net'

/**
 * Loaded into a component before its program (`node --import`): what it dials is led through a proxy of its own, and
 * its clock may be wrong. It is done beneath the client libraries, as an address translation would, because engines
 * tell their clients where to connect next (Kafka's brokers, Redis' and Cassandra's peers), past any proxy that only
 * stands in the configuration.
 *
 * CHAOS_ROUTES: `host:port=host:port,…`. CHAOS_CLOCK_MS: by how much the clock is ahead (or, negative, behind).
 */

const routes = new Map(
  (process.env.CHAOS_ROUTES ?? '')
    .split(',')
    .filter((route) => route !== '')
    .map((route) => route.split('=') as [string, string]),
)

interface Destination {
  readonly host?: string
  readonly port?: number | string
}

function redirected<D extends Destination>(destination: D): D {
  const host = destination.host === undefined || destination.host === 'localhost' ? '127.0.0.1' : destination.host
  const route = routes.get(`${host}:${destination.port}`)
  if (route === undefined) return destination
  const colon = route.lastIndexOf(':')
  return { ...destination, host: route.slice(0, colon), port: Number(route.slice(colon + 1)) }
}

type Connect = (this: Socket, ...args: unknown[]) => Socket
const { connect } = Socket.prototype as { connect: Connect }

const connectRedirected: Connect = function (...args) {
  const [first, second] = args
  // net.connect and tls.connect hand over their arguments as one list, which a symbol marks: it is changed in place.
  if (Array.isArray(first)) first[0] = redirected(first[0] as Destination)
  else if (typeof first === 'object' && first !== null) args[0] = redirected(first as Destination)
  else if (typeof first === 'number' || (typeof first === 'string' && /^\d+$/.test(first))) {
    const host = typeof second === 'string' ? second : undefined
    const to = redirected({ port: first, ...(host !== undefined && { host }) })
    args.splice(0, host === undefined ? 1 : 2, { ...to })
  }
  return connect.apply(this, args)
}
if (routes.size > 0) (Socket.prototype as { connect: Connect }).connect = connectRedirected

const aheadMs = Number(process.env.CHAOS_CLOCK_MS ?? 0)
if (aheadMs !== 0) {
  const TrueDate = Date
  const now = (): number => TrueDate.now() + aheadMs
  globalThis.Date = new Proxy(TrueDate, {
    construct: (target, args) => (args.length === 0 ? new target(now()) : Reflect.construct(target, args)),
    apply: () => new TrueDate(now()).toString(),
    get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
  })
}
