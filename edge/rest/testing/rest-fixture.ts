import { randomBytes } from 'node:crypto'
import { pino } from 'pino'
import { createApp } from '../../auth/apps.js'
import { fakeDirectory } from '../../auth/fake-directory.js'
import { createAuthenticator } from '../../auth/jwt-authenticator.js'
import type { Authenticator } from '../../auth/port.js'
import { membershipOf } from '../../files/membership.js'
import { type FileWorld, fileWorld } from '../../files/testing/file-world.js'
import { createRest, type RestApp, type RestOptions } from '../create-rest.js'
import { type FakeRequests, fakeRequests } from './fake-requests.js'

/** The REST app over owners in memory, with two apps and a clock to turn: for tests. */
export interface RestFixture {
  readonly rest: RestApp
  readonly requests: FakeRequests
  readonly log: Record<string, unknown>[]
  readonly fileWorld: FileWorld
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
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  readonly body: any
}

export const SECRET = 'test secret'
let time = 1_770_000_000_000
const now = () => time
/** One for all fixtures of a process, and one clock: to check a secret costs more than all the rest of a test. */
let authentication: Promise<Authenticator> | undefined

async function authenticatorOfTwoApps(): Promise<Authenticator> {
  const directory = fakeDirectory()
  for (const id of ['demo', 'other']) await createApp(directory, { id, name: id, secret: SECRET })
  return createAuthenticator({ directory, key: randomBytes(32), now })
}

export async function restFixture(options: Partial<RestOptions> = {}): Promise<RestFixture> {
  authentication ??= authenticatorOfTwoApps()
  const authenticator = await authentication
  const requests = fakeRequests(now)
  const world = await fileWorld({
    now,
    isMember: membershipOf(requests),
  })
  const log: Record<string, unknown>[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => void log.push(JSON.parse(line)) })
  const limits = { userRequestsPerSecond: 0, ...options.limits }
  const rest = createRest({ requests, authenticator, files: world.service(), logger, now, ...options, limits })
  return {
    rest,
    requests,
    log,
    fileWorld: world,
    token: async (user, app = 'demo') => (await authenticator.issue(app, SECRET, user)).accessToken,
    pass(ms) {
      time += ms
    },
    async call(method, path, { token, json, headers = {} } = {}) {
      const response = await rest.request(path, {
        method,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(json !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(json !== undefined && { body: typeof json === 'string' ? json : JSON.stringify(json) }),
      })
      const text = await response.text()
      const isJson = response.headers.get('content-type')?.includes('json') === true && text !== ''
      return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
    },
  }
}
