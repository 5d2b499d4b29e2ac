import { SEALING_KEY_BYTES } from '@chat4all/storage'
import * as z from 'zod'
import { keys, networks } from './readers.js'
import type { Setting } from './settings.js'

/** Where webhooks may lead, and how their secrets are kept. The edge judges a URL when it is registered, whoever delivers judges it at each attempt. */

const ROLES = ['all', 'edge', 'webhook'] as const

const yesOrNo = z.enum(['true', 'false']).transform((given) => given === 'true')

/** First and last of each. */
const portRanges = z.string().transform((given, context): readonly (readonly [number, number])[] => {
  const ranges = given.split(',').map((part): readonly [number, number] | undefined => {
    const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim()) ?? []
    if (first === undefined) return undefined
    const range = [Number(first), Number(last)] as const
    return range[0] >= 1 && range[0] <= range[1] && range[1] <= 65_535 ? range : undefined
  })
  const good = ranges.filter((range) => range !== undefined)
  if (good.length === ranges.length) return good
  context.addIssue({ code: 'custom', message: 'not a list of ports' })
  return z.NEVER
})

const webhookNetworks = z
  .string()
  .transform((given): readonly string[] => given.split(',').map((part) => part.trim()))
  .pipe(networks)

export const webhookSettings = {
  webhookHttp: {
    env: 'CHAT4ALL_WEBHOOK_HTTP',
    schema: yesOrNo,
    expected: 'true or false',
    about: 'Webhooks may have http:// URLs too. For development: content crosses the network in the clear',
    fallback: 'false',
    roles: ROLES,
  },
  webhookPorts: {
    env: 'CHAT4ALL_WEBHOOK_PORTS',
    schema: portRanges,
    expected: 'ports and ranges of ports (first-last) with commas between them',
    about: 'Ports that webhooks may lead to',
    fallback: '80,443,1024-65535',
    roles: ROLES,
  },
  webhookNetworks: {
    env: 'CHAT4ALL_WEBHOOK_NETWORKS',
    schema: webhookNetworks,
    expected: 'networks as 127.0.0.0/8 with commas between them',
    about: 'Networks that webhooks may lead to although they are not public. For development: apps choose the URLs',
    otherwise: 'webhooks lead to public addresses only',
    roles: ROLES,
  },
  secretsKeys: {
    env: 'CHAT4ALL_SECRETS_KEY',
    schema: keys(SEALING_KEY_BYTES),
    expected:
      'base64 of 32 random bytes (openssl rand -base64 32), or several with commas between them; the same in every process',
    about: 'Encrypts secrets of webhooks where they are kept (AES-256-GCM): the first key encrypts, all decrypt',
    otherwise: 'they are kept as they are',
    roles: ROLES,
    secret: true,
  },
} as const satisfies Record<string, Setting<unknown>>
