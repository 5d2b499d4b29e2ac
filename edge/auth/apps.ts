import { type AppId, Chat4AllError } from '@chat4all/protocol'
import type { DirectoryStore, StoredApp } from '@chat4all/storage'
import { hashSecret, secretMatches } from './secret-hash.js'

/** Setting up apps (API clients) and rotating their secrets: for operators, not for requests. */

const APP_ID = /^[A-Za-z0-9_-]{1,64}$/
const SECRET_CHARACTERS_MAX = 1024
/** While a secret is rotated, the old one and the new one are good. */
const SECRETS_AT_ONCE_MAX = 2

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
  if (!APP_ID.test(id)) throw new Chat4AllError('INVALID', `client_id ${id}: 1 to 64 characters of A–Z a–z 0–9 _ -`)
  checkSecret(secret)
  const existing = await directory.app(id as AppId)
  if (existing !== undefined) {
    if (await hasSecret(existing, secret)) return existing
    throw new Chat4AllError('INVALID', `The app ${id} exists with another secret: add the new one with addSecret.`)
  }
  const app: StoredApp = { id: id as AppId, name, secretHashes: [await hashSecret(secret)], created: Date.now() }
  await directory.saveApp(app)
  return app
}

/**
 * Makes this secret good for the app, beside the newest that it has; older ones stop being good.
 * @throws Chat4AllError NOT_FOUND, or INVALID when the secret has a wrong form.
 */
export async function addSecret(directory: DirectoryStore, id: string, secret: string): Promise<StoredApp> {
  checkSecret(secret)
  const app = await directory.app(id as AppId)
  if (app === undefined) throw new Chat4AllError('NOT_FOUND', `There is no app ${id}.`)
  if (await hasSecret(app, secret)) return app
  const kept = app.secretHashes.slice(-(SECRETS_AT_ONCE_MAX - 1))
  const rotated: StoredApp = { ...app, secretHashes: [...kept, await hashSecret(secret)] }
  await directory.saveApp(rotated)
  return rotated
}

function checkSecret(secret: string): void {
  if (secret.length === 0 || secret.length > SECRET_CHARACTERS_MAX) {
    throw new Chat4AllError('INVALID', `A client_secret has 1 to ${SECRET_CHARACTERS_MAX} characters.`)
  }
}

async function hasSecret(app: StoredApp, secret: string): Promise<boolean> {
  const matches = await Promise.all(app.secretHashes.map((hash) => secretMatches(secret, hash)))
  return matches.includes(true)
}
