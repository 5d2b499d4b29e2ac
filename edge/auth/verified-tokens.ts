import { hash } from 'node:crypto'
import type { Identity } from './port.js'

/**
 * Tokens whose signature was checked before, by hash (a dump of memory shows no token that works), the oldest dropped
 * past the bound. It makes thousands of clients that reconnect at once cheap. Expiry is not judged here.
 */
export class VerifiedTokens {
  private readonly max: number
  private readonly identities = new Map<string, Identity>()

  constructor(max: number) {
    this.max = max
  }

  get(token: string): Identity | undefined {
    return this.identities.get(keyOf(token))
  }

  add(token: string, identity: Identity): void {
    if (this.identities.size >= this.max) this.identities.delete(this.identities.keys().next().value!)
    this.identities.set(keyOf(token), identity)
  }

  get size(): number {
    return this.identities.size
  }
}

function keyOf(token: string): string {
  return hash('sha256', token, 'base64')
}
