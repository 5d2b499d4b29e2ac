import { randomBytes } from 'node:crypto'
import { type DirectoryStore, inProcessRateLimits, recordsWebhooks, type WebhookStore } from '@chat4all/storage'
import { pino } from 'pino'
import { createApp } from '../../auth/apps.js'
import { fakeDirectory } from '../../auth/fake-directory.js'
import { createAuthenticator } from '../../auth/jwt-authenticator.js'
import type { Authenticator } from '../../auth/port.js'
import { membershipOf } from '../../files/membership.js'
import { type FileWorld, fileWorld } from '../../files/testing/file-world.js'
import { WebhookService } from '../../webhooks/webhook-service.js'
import { createRest, type RestApp, type RestOptions } from '../create-rest.js'
import { type FakeRequests, fakeRequests } from './fake-requests.js'
import { quietSessions } from './quiet-sessions.js'

/** The REST app over owners in memory, with two apps and a clock to turn: for tests. */
export interface RestFixture {
  readonly rest: RestApp
  readonly requests: FakeRequests
  readonly log: Record<string, unknown>[]
  readonly fileWorld: FileWorld
  readonly webhookStore: WebhookStore
  /** A token of an app (`demo` or `other`), for one user or as a service. */
  token(user?: string, app?: string): Promise<string>
  /** Moves the clock. */
  pass(ms: number): void
  call(method: string, path: string, options?: CallOptions): Promise<Answer>
}

export interface CallOptions {
  readonly token?: string
  readonly json?: unknown
  readonly headers?: Record<string, string>
  /** The address that the request comes from. */
  readonly peer?: string
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  readonly body: any
}

export const SECRET = 'test secret'
export const ADMIN_TOKEN = 'token-of-the-operator'
let time = 1_770_000_000_000
const now = () => time
/** One for all fixtures of a process, and one clock: to check a secret costs more than all the rest of a test. */
let authentication: Promise<{ directory: DirectoryStore; authenticator: Authenticator }> | undefined

async function twoApps(): Promise<{ directory: DirectoryStore; authenticator: Authenticator }> {
  const directory = fakeDirectory()
  for (const id of ['demo', 'other']) await createApp(directory, { id, name: id, secret: SECRET })
  return { directory, authenticator: createAuthenticator({ directory, key: randomBytes(32), now }) }
}

type FixtureOptions = { readonly [Name in keyof RestOptions]?: RestOptions[Name] | undefined }

export async function restFixture(options: FixtureOptions = {}): Promise<RestFixture> {
  authentication ??= twoApps()
  const { directory, authenticator } = await authentication
  const requests = fakeRequests(now)
  const world = await fileWorld({
    now,
    isMember: membershipOf(requests),
  })
  const webhookStore = recordsWebhooks(world.records, { now })
  const webhooks = new WebhookService({
    store: webhookStore,
    refusalOf: async (url) => (url.startsWith('https://') ? undefined : 'it must begin with https://'),
    now,
    webhooksPerAppMax: 1_000,
  })
  const log: Record<string, unknown>[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => void log.push(JSON.parse(line)) })
  const limits = { userRequestsPerSecond: 0, ...options.limits }
  const rest = createRest({
    requests,
    authenticator,
    directory,
    records: world.records,
    adminToken: ADMIN_TOKEN,
    sessions: quietSessions(),
    files: world.service(),
    webhooks,
    logger,
    now,
    rateLimits: inProcessRateLimits({ now }),
    ...(options as Partial<RestOptions>),
    limits,
  })
  return {
    rest,
    requests,
    log,
    fileWorld: world,
    webhookStore,
    token: async (user, app = 'demo') => (await authenticator.issue(app, SECRET, user)).accessToken,
    pass(ms) {
      time += ms
    },
    async call(method, path, { token, json, headers = {}, peer } = {}) {
      const request = {
        method,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(json !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(json !== undefined && { body: typeof json === 'string' ? json : JSON.stringify(json) }),
      }
      const response = await rest.request(path, request, peer === undefined ? {} : { remoteAddress: peer })
      const text = await response.text()
      const isJson = response.headers.get('content-type')?.includes('json') === true && text !== ''
      return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
    },
  }
}
