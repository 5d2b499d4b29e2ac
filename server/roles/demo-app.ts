import { join } from 'node:path'
import { addSecret, createApp } from '@chat4all/edge'
import { Chat4AllError } from '@chat4all/protocol'
import type { DirectoryStore } from '@chat4all/storage'
import { keptSecret } from '../process/kept-secret.js'
import type { DemoApp, RoleContext } from './role.js'

const CLIENT_ID = 'demo'

/**
 * Makes the app `demo` exist with the secret of the configuration, or else with one of its own if a demonstration is
 * wanted. Undefined: neither.
 */
export async function ensureDemoApp(
  { config, demo }: RoleContext,
  directory: DirectoryStore,
): Promise<DemoApp | undefined> {
  if (config.demoSecret === undefined && !demo) return undefined
  const clientSecret = config.demoSecret ?? keptSecret(join(config.dataDir, 'demo-secret'), 'base64url', 18)
  try {
    await createApp(directory, { id: CLIENT_ID, name: 'Demo', secret: clientSecret })
  } catch (error) {
    // It exists with another secret, from an earlier start.
    if (!(error instanceof Chat4AllError && error.code === 'INVALID')) throw error
    await addSecret(directory, CLIENT_ID, clientSecret)
  }
  return { clientId: CLIENT_ID, clientSecret }
}
