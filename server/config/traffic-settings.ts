import { isIP } from 'node:net'
import * as z from 'zod'
import { networks, origins, whole } from './readers.js'
import type { Setting } from './settings.js'

/** How much may come from whom, and from which web pages. */

const EDGES = ['all', 'edge'] as const

const rate = {
  schema: whole(0, 1_000_000),
  expected: 'a whole number from 0 (no bound) to 1000000',
  roles: EDGES,
}

/** A network, or the address of one machine. */
const proxies = z
  .string()
  .transform((given) => given.split(',').map((part) => widened(part.trim())))
  .pipe(networks)

function widened(part: string): string {
  const bits = { 0: '', 4: '/32', 6: '/128' }[isIP(part) as 0 | 4 | 6]
  return part + bits
}

export const trafficSettings = {
  addressRequestsPerSecond: {
    env: 'CHAT4ALL_ADDRESS_REQUESTS_PER_SECOND',
    about: 'REST requests of one client address, on average, counted over all edges',
    fallback: '1000',
    ...rate,
  },
  userRequestsPerSecond: {
    env: 'CHAT4ALL_USER_REQUESTS_PER_SECOND',
    about: 'REST requests of one user, unless its app has a quota',
    fallback: '50',
    ...rate,
  },
  appRequestsPerSecond: {
    env: 'CHAT4ALL_APP_REQUESTS_PER_SECOND',
    about: 'REST requests of one app, services and users together, unless it has a quota',
    fallback: '0',
    ...rate,
  },
  userSendsPerSecond: {
    env: 'CHAT4ALL_USER_SENDS_PER_SECOND',
    about:
      'Messages, new conversations and changes of members that one user may send over its sessions, unless its app has a quota',
    fallback: '1000',
    ...rate,
  },
  appSendsPerSecond: {
    env: 'CHAT4ALL_APP_SENDS_PER_SECOND',
    about: 'The same of all users of one app together, unless it has a quota',
    fallback: '0',
    ...rate,
  },
  trustedProxies: {
    env: 'CHAT4ALL_TRUSTED_PROXIES',
    schema: proxies,
    expected: 'addresses and networks as 10.0.0.0/8 with commas between them',
    about: 'Proxies in front whose X-Forwarded-For is believed: without them all their clients count as one address',
    otherwise: 'the client is whoever connects',
    roles: EDGES,
  },
  corsOrigins: {
    env: 'CHAT4ALL_CORS_ORIGINS',
    schema: origins,
    expected: 'http(s)://host with commas between them, or *',
    about: 'Web pages of these origins may call the REST API',
    otherwise: 'only this server’s own pages',
    roles: EDGES,
  },
  hstsSeconds: {
    env: 'CHAT4ALL_HSTS_SECONDS',
    schema: whole(0, 63_072_000),
    expected: 'seconds from 0 (not said) to 63072000 (two years)',
    about: 'With CHAT4ALL_TLS_CERT: for so long a browser that was here comes to this host by TLS only',
    fallback: '15552000',
    roles: EDGES,
  },
} as const satisfies Record<string, Setting<unknown>>
