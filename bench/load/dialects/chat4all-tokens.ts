import type { Target } from '../dialect.js'

/** Access tokens of users, by POST /auth/token. */
export function userTokens(target: Target): (user: string) => Promise<string> {
  return async (user) => {
    const answer = await fetch(`http://127.0.0.1:${target.port}/auth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_id: target.clientId, client_secret: target.clientSecret, user }),
    })
    if (!answer.ok) throw new Error(`POST /auth/token: ${answer.status} ${await answer.text()}`)
    const { access_token: token } = (await answer.json()) as { access_token: string }
    return token
  }
}
