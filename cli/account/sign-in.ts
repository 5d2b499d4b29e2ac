import { type Client, type ClientOptions, type Files, nodeClient, nodeFiles, requestToken } from '@chat4all/sdk/node'
import type { Profile } from './profiles.js'

/** A client of this profile, not connected yet. */
export function clientOf(profile: Profile, options: Partial<ClientOptions> = {}): Client {
  const { url, clientId, clientSecret, user } = profile
  return nodeClient({
    url,
    token: async () => (await requestToken(url, { clientId, clientSecret, user })).accessToken,
    agent: 'chat4all-cli/2',
    ...options,
  })
}

/** The files of this profile's user. */
export function filesOf({ url, clientId, clientSecret, user }: Profile): Files {
  return nodeFiles({
    url,
    token: async () => (await requestToken(url, { clientId, clientSecret, user })).accessToken,
  })
}

/** Connects once: whoever waits at a terminal wants to hear of a wrong address now, not after the tenth attempt. */
export async function connectOnce(client: Client): Promise<void> {
  let stop = () => {}
  const failed = new Promise<never>((_, reject) => {
    stop = client.on('state', (state) => {
      if (state.status === 'offline' && state.reason !== undefined) reject(state.reason)
    })
  })
  try {
    await Promise.race([client.connect(), failed])
  } finally {
    stop()
  }
}
