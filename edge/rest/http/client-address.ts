import { BlockList, isIP } from 'node:net'

/** A chain of proxies that is longer than this was made up. */
const HOPS_MAX = 16

/** The address of a client, from that of the peer and the header X-Forwarded-For. */
export type ClientAddress = (peer: string, forwardedFor: string | null) => string

/**
 * Whoever connects can write what it likes into X-Forwarded-For, so it is believed only where a trusted proxy wrote it:
 * read from its end, as far as those go that added to it are trusted. The first that is not is the client.
 * @param trusted networks (`10.0.0.0/8`) of the proxies in front; none: the peer is the client
 */
export function clientAddressBehind(trusted: readonly string[]): ClientAddress {
  if (trusted.length === 0) return (peer) => peer
  const proxies = new BlockList()
  for (const network of trusted) {
    const [host, bits] = network.split('/') as [string, string]
    proxies.addSubnet(host, Number(bits), familyOf(host))
  }
  const isProxy = (address: string) => isIP(address) !== 0 && proxies.check(address, familyOf(address))
  return (peer, forwardedFor) => {
    if (forwardedFor === null || !isProxy(peer)) return peer
    let client = peer
    for (const hop of forwardedFor.split(',').slice(-HOPS_MAX).reverse()) {
      const address = plainAddress(hop)
      if (address === undefined) return client
      client = address
      if (!isProxy(address)) return client
    }
    return client
  }
}

/**
 * Under which requests of an address are counted. Whoever has one IPv6 address has 2^64 of them, so that the network is
 * what is counted.
 */
export function countedAddress(address: string): string {
  if (isIP(address) !== 6) return address
  const [head, tail] = address.split('::') as [string, string | undefined]
  const groups = head === '' ? [] : head.split(':')
  const behind = tail === undefined || tail === '' ? [] : tail.split(':')
  const between = tail === undefined ? 0 : 8 - groups.length - behind.length
  const all = [...groups, ...Array<string>(Math.max(0, between)).fill('0'), ...behind]
  const network = all.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16))
  return `${network.join(':')}::/64`
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}

/** An entry of the header without port, brackets, zone and the prefix of mapped addresses; undefined: it is none. */
function plainAddress(hop: string): string | undefined {
  const written = hop.trim()
  const host = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(written)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(written)?.[1] ?? written
  const address = host.replace(/%.*$/, '').replace(/^::ffff:(?=[\d.]+$)/i, '')
  return isIP(address) === 0 ? undefined : address
}
