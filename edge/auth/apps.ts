import { randomBytes } from 'node:crypto'
import { APP_ID, APP_ID_MEANS, type AppId, Chat4AllError } from '@chat4all/protocol'
import type { DirectoryStore, StoredApp, StoredSecret } from '@chat4all/storage'
import { hashSecret, secretMatches } from './secret-hash.js'

/** Setting up apps (API clients) and rotating their secrets: for operators, not for requests. */

const SECRET_CHARACTERS_MAX = 1024
/** While a secret is rotated, the old one and the new one are good. */
const SECRETS_AT_ONCE_MAX = 2
const SECRET_BYTES = 32

export interface NewApp {
  /** The client_id. */
  readonly id: string
  readonly name: string
  /** The client_secret; only its hash is kept. */
  readonly secret: string
}

/**
 * Makes the app exist with this secret. Creating the same again changes nothing.
 * @throws Chat4AllError INVALID when the id or the secret has a wrong form, or the app exists with another secret.
 */
export async function createApp(directory: DirectoryStore, { id, name, secret }: NewApp): Promise<StoredApp> {
  if (!APP_ID.test(id)) throw new Chat4AllError('INVALID', `client_id ${id}: ${APP_ID_MEANS}`)
  checkSecret(secret)
  const existing = await directory.app(id as AppId)
  if (existing === undefined) {
    const now = Date.now()
    const app: StoredApp = { id: id as AppId, name, secrets: [await storedSecret(secret, now)], created: now }
    if (await directory.createApp(app)) return app
  } else if (await hasSecret(existing, secret)) return existing
  throw new Chat4AllError('INVALID', `The app ${id} exists with another secret: add the new one with addSecret.`)
}

/**
 * Makes this secret good for the app, beside the newest that it has; older ones stop being good.
 * @throws Chat4AllError NOT_FOUND, or INVALID when the secret has a wrong form.
 */
export async function addSecret(directory: DirectoryStore, id: string, secret: string): Promise<StoredApp> {
  checkSecret(secret)
  const app = await directory.app(id as AppId)
  if (app === undefined) throw noApp(id)
  if (await hasSecret(app, secret)) return app
  const added = await storedSecret(secret, Date.now())
  return changed(directory, id, (current) => ({
    ...current,
    secrets: [...current.secrets.slice(-(SECRETS_AT_ONCE_MAX - 1)), added],
  }))
}

/** A secret made here, to be told once: only its hash is kept. */
export interface RotatedSecret {
  readonly app: StoredApp
  readonly id: string
  readonly secret: string
}

/**
 * Gives the app a new secret. The newest that it had stays good until `previousExpires`; older ones stop at once.
 * @throws Chat4AllError NOT_FOUND
 */
export async function rotateSecret(
  directory: DirectoryStore,
  id: string,
  now: number,
  previousExpires: number,
): Promise<RotatedSecret> {
  if ((await directory.app(id as AppId)) === undefined) throw noApp(id)
  const secret = newSecret()
  const added = await storedSecret(secret, now)
  const app = await changed(directory, id, (current) => {
    const previous = validSecrets(current, now).at(-1)
    const kept =
      previous === undefined || previousExpires <= now
        ? []
        : [{ ...previous, expires: Math.min(previous.expires ?? previousExpires, previousExpires) }]
    return { ...current, secrets: [...kept, added] }
  })
  return { app, id: added.id, secret }
}

/**
 * Takes a secret away at once, also the last one.
 * @throws Chat4AllError NOT_FOUND for an app or a secret that is not there.
 */
export async function revokeSecret(directory: DirectoryStore, id: string, secretId: string): Promise<StoredApp> {
  let found = false
  const app = await changed(directory, id, (current) => {
    const secrets = current.secrets.filter((secret) => secret.id !== secretId)
    found = secrets.length < current.secrets.length
    return found ? { ...current, secrets } : undefined
  })
  if (!found) throw new Chat4AllError('NOT_FOUND', `The app ${id} has no secret ${secretId}.`)
  return app
}

/** The secrets that are good now, oldest first. */
export function validSecrets({ secrets }: StoredApp, now: number): readonly StoredSecret[] {
  return secrets.filter(({ expires }) => expires === undefined || expires > now)
}

/** One that nobody guesses. */
export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url')
}

async function changed(
  directory: DirectoryStore,
  id: string,
  change: (app: StoredApp) => StoredApp | undefined,
): Promise<StoredApp> {
  const app = await directory.changeApp(id as AppId, change)
  if (app === undefined) throw noApp(id)
  return app
}

/** A new secret as the directory keeps it. */
export async function storedSecret(secret: string, now: number): Promise<StoredSecret> {
  return { id: `s_${randomBytes(6).toString('hex')}`, hash: await hashSecret(secret), created: now }
}

function noApp(id: string): Chat4AllError {
  return new Chat4AllError('NOT_FOUND', `There is no app ${id}.`)
}

function checkSecret(secret: string): void {
  if (secret.length === 0 || secret.length > SECRET_CHARACTERS_MAX) {
    throw new Chat4AllError('INVALID', `A client_secret has 1 to ${SECRET_CHARACTERS_MAX} characters.`)
  }
}

async function hasSecret(app: StoredApp, secret: string): Promise<boolean> {
  const matches = await Promise.all(app.secrets.map(({ hash }) => secretMatches(secret, hash)))
  return matches.includes(true)
}
