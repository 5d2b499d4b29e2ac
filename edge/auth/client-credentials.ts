import { createHmac, randomBytes } from 'node:crypto'
import { type AppId, Chat4AllError } from '@chat4all/protocol'
import type { DirectoryStore } from '@chat4all/storage'
import { validSecrets } from './apps.js'
import { Gate } from './gate.js'
import { decoyHash, secretMatches } from './secret-hash.js'

const SCRYPTS_AT_ONCE_MAX = 2
/** With some 180 ms each: the last in the line waits two seconds. */
const SCRYPTS_WAITING_MAX = 20
const PROVEN_MAX = 1_000

/**
 * Checks client_id and client_secret. An unknown client costs the same scrypt as a wrong secret, so the time of the
 * answer tells nobody which clients exist. A pair that proved right once is remembered (under a keyed hash that this
 * process alone can compute), so an app that fetches tokens for thousands of its users pays for scrypt once.
 */
export class ClientCredentials {
  private readonly directory: DirectoryStore
  private readonly gate = new Gate(SCRYPTS_AT_ONCE_MAX, SCRYPTS_WAITING_MAX)
  private readonly memoryKey = randomBytes(32)
  /** Keyed hash of a right pair → the stored hash that it matched; void once the app no longer has that hash. */
  private readonly proven = new Map<string, string>()
  /** Equal pairs that are being checked at this moment are checked once. */
  private readonly pending = new Map<string, Promise<string | undefined>>()
  private readonly decoy = decoyHash()

  private readonly now: () => number

  /** @param now milliseconds since 1970 */
  constructor(directory: DirectoryStore, now: () => number) {
    this.directory = directory
    this.now = now
  }

  /** @throws Chat4AllError UNAUTHENTICATED, or RATE_LIMITED when too many checks wait. */
  async check(clientId: string, clientSecret: string): Promise<AppId> {
    const app = await this.directory.app(clientId as AppId)
    const pair = createHmac('sha256', this.memoryKey).update(`${clientId}\n${clientSecret}`).digest('base64')
    const known = this.proven.get(pair)
    const hashes = app === undefined ? [] : validSecrets(app, this.now()).map(({ hash }) => hash)
    const isKnown = known !== undefined && hashes.includes(known)
    const matched = isKnown ? known : await this.checkOnce(pair, hashes, clientSecret)
    if (app === undefined || matched === undefined || app.disabled === true) {
      throw new Chat4AllError('UNAUTHENTICATED', 'The client_id is unknown or the client_secret is wrong.')
    }
    this.remember(pair, matched)
    return app.id
  }

  private checkOnce(pair: string, hashes: readonly string[], secret: string): Promise<string | undefined> {
    // Two checks share their result only if they compare with the same hashes: a rotation in between is seen.
    const key = `${pair} ${hashes.join(' ')}`
    let check = this.pending.get(key)
    if (check === undefined) {
      check = this.gate.run(() => this.match(hashes, secret)).finally(() => this.pending.delete(key))
      this.pending.set(key, check)
    }
    return check
  }

  private async match(hashes: readonly string[], secret: string): Promise<string | undefined> {
    if (hashes.length === 0) {
      await secretMatches(secret, this.decoy)
      return undefined
    }
    // Side by side, so that an app in the middle of a rotation answers in the time of any other.
    const matches = await Promise.all(hashes.map((hash) => secretMatches(secret, hash)))
    return hashes[matches.indexOf(true)]
  }

  private remember(pair: string, hash: string): void {
    if (this.proven.size >= PROVEN_MAX) this.proven.delete(this.proven.keys().next().value!)
    this.proven.set(pair, hash)
  }
}
