import { randomUUID } from 'node:crypto'

/** The registration of a listener at a server, for as long as it runs. */
export interface Registration {
  readonly webhookId: string
  readonly secret: string
  remove(): Promise<void>
}

export interface RegistrationOptions {
  /** As `http://127.0.0.1:8080`. */
  readonly server: string
  readonly clientId: string
  readonly clientSecret: string
  /** Where the listener is reached. */
  readonly url: string
  /** Types of events; undefined: all. */
  readonly events: readonly string[] | undefined
}

const TIMEOUT_MS = 10_000

/** @throws Error that says what the server answered. */
export async function register(options: RegistrationOptions): Promise<Registration> {
  const { server, clientId, clientSecret, url, events } = options
  const token = async (): Promise<string> => {
    const body = { client_id: clientId, client_secret: clientSecret }
    const { access_token } = await call<{ access_token: string }>(server, 'POST', '/auth/token', body)
    return access_token
  }
  const webhook = await call<{ webhook_id: string; secret: string }>(
    server,
    'POST',
    '/v1/webhooks',
    { url, description: 'chat4all webhook listen', ...(events !== undefined && { events }) },
    await token(),
  )
  return {
    webhookId: webhook.webhook_id,
    secret: webhook.secret,
    // A token of the beginning may have expired.
    remove: async () =>
      void (await call(server, 'DELETE', `/v1/webhooks/${webhook.webhook_id}`, undefined, await token())),
  }
}

async function call<Answer>(
  server: string,
  method: string,
  path: string,
  body: unknown,
  token?: string,
): Promise<Answer> {
  const response = await fetch(new URL(path, server), {
    method,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(method === 'POST' && { 'idempotency-key': randomUUID() }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  const text = await response.text()
  if (response.ok) return (text === '' ? undefined : JSON.parse(text)) as Answer
  let detail = text
  try {
    detail = (JSON.parse(text) as { detail: string }).detail
  } catch {
    // A proxy may answer with anything.
  }
  throw new Error(`${method} ${path} answered ${response.status}: ${detail}`)
}
