import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

/**
 * Hashes of client secrets, in the PHC form `$scrypt$ln=15,r=8,p=3$salt$hash`. The cost stands in the hash, so it can
 * be raised for new secrets while old hashes stay good.
 */

interface Cost {
  /** Binary logarithm of scrypt's N. */
  readonly ln: number
  readonly r: number
  readonly p: number
}

/**
 * One of the equally strong settings that OWASP names. Its 32 MiB lie above what glibc ever keeps for reuse, so they go
 * back to the system after each check; the 16 MiB of `ln: 14, p: 5` stayed with the process for good (decision 0030).
 */
const COST: Cost = { ln: 15, r: 8, p: 3 }
const SALT_BYTES = 16
const HASH_BYTES = 32
/** A damaged hash must not make the server compute for minutes. */
const LN_MAX = 18

/** A salted hash of the secret, different each time. */
export async function hashSecret(secret: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  return formatted(salt, await derive(secret, salt, COST, HASH_BYTES))
}

/** A hash that no secret matches, and that takes as long to compare as any. */
export function decoyHash(): string {
  return formatted(randomBytes(SALT_BYTES), randomBytes(HASH_BYTES))
}

function formatted(salt: Buffer, hash: Buffer): string {
  return `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${unpadded(salt)}$${unpadded(hash)}`
}

/**
 * Whether the secret is the one that was hashed. Takes the same time whichever it is.
 * @throws Error when `stored` is not a hash of {@link hashSecret}: the directory is damaged.
 */
export async function secretMatches(secret: string, stored: string): Promise<boolean> {
  const { cost, salt, hash } = parse(stored)
  return timingSafeEqual(await derive(secret, salt, cost, hash.length), hash)
}

function derive(secret: string, salt: Buffer, { ln, r, p }: Cost, bytes: number): Promise<Buffer> {
  const N = 2 ** ln
  return new Promise((resolve, reject) => {
    scrypt(secret.normalize('NFKC'), salt, bytes, { N, r, p, maxmem: 256 * N * r }, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}

const FORM = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22,})\$([A-Za-z0-9+/]{43,})$/

function parse(stored: string): { cost: Cost; salt: Buffer; hash: Buffer } {
  const match = FORM.exec(stored)
  const cost = { ln: Number(match?.[1]), r: Number(match?.[2]), p: Number(match?.[3]) }
  if (match === null || cost.ln < 1 || cost.ln > LN_MAX || cost.r < 1 || cost.p < 1) {
    throw new Error('the stored hash of a client secret is damaged')
  }
  return { cost, salt: Buffer.from(match[4]!, 'base64'), hash: Buffer.from(match[5]!, 'base64') }
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '')
}
