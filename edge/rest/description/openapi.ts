import { ERRORS, type ErrorCode } from '@chat4all/protocol'
import { problem, webhookEvents } from '@chat4all/protocol/rest'
import { OpenAPIHono } from '@hono/zod-openapi'
import type { Access, Endpoint } from '../endpoint.js'

export type OpenApiDocument = ReturnType<OpenAPIHono['getOpenAPI31Document']>

const ABOUT = `Post messages, read them in order, and know who has them, over plain HTTP.

* Every message has a **message_id** (UUIDv4) that its sender chooses, and gets a **seq** in its conversation: 1, 2, 3 …
  without gaps. Sending a request again with the same message_id is always safe.
* Every answer says how much more may be asked (**RateLimit**, **RateLimit-Policy**); past a limit it is 429 with
  **Retry-After**, and nothing of the request happened.
* What makes something that has no id of yours takes an **Idempotency-Key**: for a day, the same request with the same key is
  done once.
* /v2 has the endpoints whose shape changed, /v1 all others: use both side by side. Additions are no new version.
* Readers ignore fields that they do not know. So does this server.
* Errors are problem documents (RFC 9457); act on \`code\`, which [the table of errors](/docs/errors) explains.
* \`traceparent\` (W3C) is taken up and travels with the message; \`x-request-id\` is in every answer.`

/** What any endpoint may answer with. */
const FAULTS_OF_ALL: readonly ErrorCode[] = ['INVALID', 'RATE_LIMITED', 'INTERNAL']
const FAULTS_WITH_TOKEN: readonly ErrorCode[] = ['UNAUTHENTICATED', 'TOKEN_EXPIRED', 'BUSY', 'UNAVAILABLE']
const FAULTS_BY_ACCESS: Readonly<Record<Access, readonly ErrorCode[]>> = {
  public: [],
  token: FAULTS_WITH_TOKEN,
  service: [...FAULTS_WITH_TOKEN, 'FORBIDDEN'],
  admin: ['UNAUTHENTICATED', 'NOT_FOUND', 'UNAVAILABLE'],
}
const FAULTS_WITH_BODY: readonly ErrorCode[] = ['FRAME_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', 'IDLE_TIMEOUT']

const FAULTS_WITH_KEY: readonly ErrorCode[] = ['CONFLICT', 'IDEMPOTENCY_KEY_REUSED', 'IN_PROGRESS']

/** The OpenAPI 3.1 document of the endpoints. */
export function openApiDocument(endpoints: readonly Endpoint[]): OpenApiDocument {
  const app = new OpenAPIHono()
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'An access token from POST /auth/token.',
  })
  app.openAPIRegistry.registerComponent('securitySchemes', 'client', {
    type: 'http',
    scheme: 'basic',
    description: 'client_id and client_secret; only for POST /auth/token, where they may stand in the body instead.',
  })
  app.openAPIRegistry.registerComponent('securitySchemes', 'admin', {
    type: 'http',
    scheme: 'bearer',
    description: 'The admin token of the operator (CHAT4ALL_ADMIN_TOKEN).',
  })
  for (const endpoint of endpoints) app.openAPIRegistry.registerPath(described(endpoint))
  for (const event of webhookEvents) app.openAPIRegistry.registerWebhook(describedEvent(event))
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Chat4All REST API',
      version: '1.0.0',
      description: ABOUT,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [
      { name: 'Tokens', description: 'Who asks.' },
      { name: 'Apps', description: 'For operators: API clients, their secrets and quotas.' },
      { name: 'Users', description: 'Profiles, and which user an address on a channel is.' },
      { name: 'Conversations', description: 'Private ones and groups, and their members.' },
      { name: 'Events', description: 'What happens, for clients without WebSocket.' },
      { name: 'Messages', description: 'Posting, reading, receipts.' },
      {
        name: 'Webhooks',
        description:
          'Events of an app, posted to its own servers: signed, at least once, retried for three days. Their promises: docs/webhooks.md.',
      },
      { name: 'Files', description: 'To 2 GiB each: uploaded and downloaded at presigned addresses.' },
    ],
  })
  return document
}

const SECURITY: Readonly<Record<Access, Record<string, string[]>[]>> = {
  public: [{}, { client: [] }],
  token: [{ token: [] }],
  service: [{ token: [] }],
  admin: [{ admin: [] }],
}

type WebhookConfig = Parameters<OpenAPIHono['openAPIRegistry']['registerWebhook']>[0]
type PathConfig = Parameters<OpenAPIHono['openAPIRegistry']['registerPath']>[0]

function described(endpoint: Endpoint): PathConfig {
  const {
    method,
    path,
    name,
    tag,
    summary,
    description,
    access,
    params,
    query,
    body,
    deprecated,
    takesIdempotencyKey,
  } = endpoint
  const json = (schema: Endpoint['body'] & {}) => ({ 'application/json': { schema } })
  return {
    method,
    path,
    operationId: name,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    ...(deprecated && { deprecated: true }),
    security: SECURITY[access],
    ...(takesIdempotencyKey && { parameters: [IDEMPOTENCY_KEY] }),
    request: {
      ...(params && { params }),
      ...(query && { query }),
      ...(body && {
        body: {
          required: true,
          content: {
            ...json(body),
            ...(endpoint.takesForms && { 'application/x-www-form-urlencoded': { schema: body } }),
          },
        },
      }),
    },
    responses: { ...answersOf(endpoint), ...problemsOf(endpoint) },
  } as PathConfig
}

/** What is posted to webhooks: `webhooks` of the document, by the type of the event. */
function describedEvent({ type, summary, schema }: (typeof webhookEvents)[number]): WebhookConfig {
  const header = (name: string, description: string) => ({
    name,
    in: 'header' as const,
    required: true,
    description,
    schema: { type: 'string' as const },
  })
  return {
    method: 'post',
    path: type,
    operationId: `on${type.replaceAll(/(?:^|\.)(\w)/g, (_, letter: string) => letter.toUpperCase())}`,
    tags: ['Webhooks'],
    summary,
    security: [],
    parameters: [
      header('webhook-id', 'Id of the delivery, the same at every attempt: events that came before are known by it.'),
      header('webhook-timestamp', 'When this attempt was made: seconds since 1970. Part of what is signed.'),
      header('webhook-signature', '`v1,` and a signature; several, with spaces between, while a secret is rotated.'),
      header('webhook-attempt', '1, 2, 3 …'),
    ],
    request: { body: { required: true, content: { 'application/json': { schema } } } },
    responses: { '2XX': { description: 'Taken. Every other answer, or none within 15 seconds, is tried again.' } },
  }
}

function answersOf({ answers, deprecated, takesIdempotencyKey }: Endpoint): PathConfig['responses'] {
  const entries = Object.entries(answers).map(([status, { description, schema, streams, headers }]) => [
    status,
    {
      description,
      headers: {
        ...headersOf(headers),
        ...(takesIdempotencyKey && REPLAYED),
        ...(deprecated && DEPRECATION),
        ...OF_EVERY_ANSWER,
      },
      ...(schema && {
        content: { 'application/json': { schema }, ...(streams && { 'text/event-stream': EVENT_STREAM }) },
      }),
    },
  ])
  return Object.fromEntries(entries)
}

function problemsOf({ access, body, deprecated, refusals, takesIdempotencyKey }: Endpoint): PathConfig['responses'] {
  const codes = new Set<ErrorCode>([
    ...FAULTS_OF_ALL,
    ...FAULTS_BY_ACCESS[access],
    ...(body === undefined ? [] : FAULTS_WITH_BODY),
    ...(takesIdempotencyKey ? FAULTS_WITH_KEY : []),
    ...refusals,
  ])
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of codes) {
    const { http } = ERRORS[code]
    byStatus.set(http, [...(byStatus.get(http) ?? []), code])
  }
  const entries = [...byStatus].map(([status, group]) => [
    status,
    {
      description: group.map((code) => `${code}: ${ERRORS[code].means}`).join('\n\n'),
      headers: {
        ...(group.some((code) => ERRORS[code].retry === 'after') && headersOf({ 'Retry-After': 'Seconds to wait.' })),
        ...(status === 401 && headersOf({ 'WWW-Authenticate': 'How to authenticate.' })),
        ...(deprecated && DEPRECATION),
        ...OF_EVERY_ANSWER,
      },
      content: { 'application/problem+json': { schema: problem } },
    },
  ])
  return { ...Object.fromEntries(entries), 431: HEADERS_TOO_LARGE }
}

function headersOf(headers: Readonly<Record<string, string>> = {}) {
  const entries = Object.entries(headers).map(([name, description]) => [
    name,
    { description, schema: { type: 'string' } },
  ])
  return Object.fromEntries(entries)
}

/** Said by uWebSockets, before the API sees a request; its body is for people and says nothing of its type. */
const HEADERS_TOO_LARGE = { description: 'The path and the headers are larger than 4 KiB; the connection ends.' }
const EVENT_STREAM = {
  schema: { type: 'string', description: 'Events as HTML has them: id, event, data (JSON).' },
} as const
const OF_EVERY_ANSWER = headersOf({
  'x-request-id': 'Names this request in the server’s log.',
  'RateLimit-Policy': 'The limits that the request counts under: q requests in w seconds.',
  RateLimit: 'Of each of them, the r requests that are left in the next t seconds.',
})
const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header' as const,
  required: false,
  description:
    'At best a random UUID: for a day, the same request with the same key is done once and gets the same answer, on ' +
    'whatever server it comes in.',
  schema: { type: 'string' as const, minLength: 1, maxLength: 255, pattern: '^[!#-[\\]-~]+$' },
}
const REPLAYED = headersOf({ 'Idempotency-Replayed': '`true` where the answer is that of an earlier request.' })
const DEPRECATION = headersOf({
  Deprecation: 'Since when another endpoint takes its place: @ and seconds since 1970 (RFC 9745).',
  Sunset: 'When it ends (RFC 8594).',
  Link: 'The successor-version.',
})
