import { type LookupAddress, lookup as lookupInSystem } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { promisify } from 'node:util'
import ipaddr from 'ipaddr.js'

/**
 * What keeps apps from making this server talk to its own network (server-side request forgery). A URL is judged by its
 * text, a host by the addresses that its name leads to, at the moment of connecting: the address that was judged is the
 * one that is connected to, so a name that changes in between gains nothing.
 */
export interface AddressGuard {
  /** Why this URL is refused whatever its name leads to; undefined: it is not. */
  refusalOf(url: string): string | undefined
  /** The same, and the name is resolved now. */
  check(url: string): Promise<string | undefined>
  /** For connecting: gives only addresses that may be called, and fails when one of the name's may not. */
  readonly lookup: LookupFunction
}

export interface AddressRules {
  readonly allowHttp: boolean
  /** First and last port of each range. */
  readonly ports: readonly (readonly [number, number])[]
  /** Networks that may be called although they are not public, as `127.0.0.0/8`. */
  readonly allowedNetworks: readonly string[]
}

export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>

const resolveInSystem = promisify(lookupInSystem) as (
  hostname: string,
  options: { all: true },
) => Promise<LookupAddress[]>

/** Public by their number, and yet a cloud's own: Azure's host answers its virtual machines there. */
const NEVER: readonly [ipaddr.IPv4, number][] = [ipaddr.IPv4.parseCIDR('168.63.129.16/32')]

/** All that is given out for the internet so far. */
const GLOBAL_IPV6: [ipaddr.IPv6, number] = ipaddr.IPv6.parseCIDR('2000::/3')

/** Whoever registers a webhook waits for it. When connecting, the time to connect includes it. */
const RESOLVE_MS_MAX = 5_000

export class AddressRefusedError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'AddressRefusedError'
  }
}

/** @throws Error when a network of the rules is none. */
export function createAddressGuard(
  rules: AddressRules,
  resolve: Resolve = (hostname) => resolveInSystem(hostname, { all: true }),
): AddressGuard {
  const allowed = rules.allowedNetworks.map((network) => ipaddr.parseCIDR(network))

  function refusalOf(text: string): string | undefined {
    if (!URL.canParse(text)) return 'it is not a URL'
    const url = new URL(text)
    if (url.protocol !== 'https:' && !(rules.allowHttp && url.protocol === 'http:')) {
      return rules.allowHttp ? 'it must begin with https:// or http://' : 'it must begin with https://'
    }
    if (url.username !== '' || url.password !== '') return 'it must hold no user and no password'
    const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
    if (!rules.ports.some(([first, last]) => port >= first && port <= last)) return `port ${port} is not allowed`
    const host = hostOf(url)
    return ipaddr.isValid(host) ? refusalOfAddress(host) : undefined
  }

  function refusalOfAddress(text: string): string | undefined {
    if (!ipaddr.isValid(text)) return `${text} is not an address`
    const address = ipaddr.parse(text)
    for (const [network, bits] of allowed) {
      if (network.kind() === address.kind() && address.match(network as ipaddr.IPv4 & ipaddr.IPv6, bits))
        return undefined
    }
    // Only plain public addresses: forms that carry an IPv4 address inside (mapped, 6to4, NAT64 …) lead anywhere.
    const isPublic = address.range() === 'unicast' && isGlobal(address)
    return isPublic ? undefined : 'it leads to an address that is not public'
  }

  async function addressesOf(hostname: string): Promise<readonly LookupAddress[]> {
    const addresses = await resolve(hostname)
    if (addresses.length === 0) throw new AddressRefusedError(`${hostname} has no address`)
    for (const { address } of addresses) {
      const refusal = refusalOfAddress(address)
      // One bad address among good ones is enough: which of them is taken is not for the receiver to play with.
      if (refusal !== undefined) throw new AddressRefusedError(refusal)
    }
    return addresses
  }

  return {
    refusalOf,

    async check(text) {
      const refusal = refusalOf(text)
      if (refusal !== undefined) return refusal
      const host = hostOf(new URL(text))
      if (ipaddr.isValid(host)) return undefined
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error('no answer')), RESOLVE_MS_MAX)
      })
      try {
        await Promise.race([addressesOf(host), late])
        return undefined
      } catch (error) {
        return error instanceof AddressRefusedError ? error.message : `${host} cannot be resolved`
      } finally {
        clearTimeout(timer)
      }
    },

    lookup(hostname, options, callback) {
      addressesOf(hostname).then(
        (addresses) => {
          const { address, family } = addresses[0]!
          if (options.all === true) callback(null, [...addresses])
          else callback(null, address, family)
        },
        (error: Error) => callback(error, []),
      )
    },
  }
}

/** IPv6 stands in brackets in a URL. */
function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}

function isGlobal(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (address instanceof ipaddr.IPv6) return address.match(...GLOBAL_IPV6)
  return !NEVER.some(([network, bits]) => address.match(network, bits))
}
