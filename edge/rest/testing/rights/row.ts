import type { RestFixture } from '../rest-fixture.js'

/** Everyone who may ask. Conversations are the app `demo`'s; its users are `admin`, `member` and `stranger`. */
export const ASKERS = [
  'nobody',
  /** Something that is no token. */
  'garbage',
  /** A token of `member` that has ended. */
  'expired',
  /** A service token of another app. */
  'otherApp',
  /** A token of another app’s user that is called `member` too. */
  'namesake',
  'stranger',
  'member',
  'admin',
  'service',
  'operator',
] as const
export type Asker = (typeof ASKERS)[number]

/** What each asker is answered at one endpoint. */
export interface Row {
  /** Makes what the path names besides the conversation, before each asker asks. */
  readonly make?: (world: World) => Promise<Readonly<Record<string, string>>>
  readonly body?: (of: Asked) => unknown
  readonly query?: (of: Asked) => Readonly<Record<string, string>>
  readonly expected: Readonly<Record<Asker, number>>
}

export interface World {
  readonly fixture: RestFixture
  readonly tokens: Readonly<Record<Asker, string | undefined>>
  /** The group of `admin` (its admin) and `member`. */
  readonly conversation: string
}

export interface Asked {
  readonly conversation: string
  readonly made: Readonly<Record<string, string>>
  /** A service names the user for whom it acts; users leave that out. */
  readonly as: string | undefined
}

export type Rows = Readonly<Record<string, Row>>

const NO_TOKEN = { nobody: 401, garbage: 401, expired: 401, operator: 401 }

/** What everyone is answered but who is named: 401 without a good token, else `others`. */
export function rights(others: number, named: Partial<Record<Asker, number>>): Record<Asker, number> {
  const known = { otherApp: others, namesake: others, stranger: others, member: others, admin: others, service: others }
  return { ...NO_TOKEN, ...known, ...named }
}

/** For servers of an app: what its own is answered, and what another’s. */
export function servicesOnly(service: number, otherApp: number): Record<Asker, number> {
  return rights(403, { service, otherApp })
}

/** For the operator alone: to it, tokens of apps are none. */
export function operatorOnly(operator: number): Record<Asker, number> {
  return rights(401, { operator })
}
