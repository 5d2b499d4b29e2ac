import type { ListRange, Partition, Place, PutOptions, Version } from './port.js'

/** What every adapter asks of what it is given, so that what one takes the other takes too. */

const KIND = /^[A-Za-z0-9-]{1,64}$/
const NAME_BYTES_MAX = 1_024
const VALUE_BYTES_MAX = 1_048_576
const LIST_MAX = 1_000
/** Twenty years: the longest that Cassandra takes. */
const TTL_SECONDS_MAX = 630_720_000
/** A first version lies below it; no record is changed often enough to come near what a number holds exactly. */
const FIRST_VERSION_MAX = 2 ** 48 - 1

/** @throws RangeError */
export function checkPartition({ kind, partition }: Partition): void {
  if (!KIND.test(kind)) throw new RangeError(`kind '${kind}': 1 to 64 letters, digits and hyphens`)
  checkName('partition', partition)
}

/** @throws RangeError */
export function checkPlace(place: Place): void {
  checkPartition(place)
  checkName('key', place.key)
}

/** @throws RangeError */
export function checkPut(place: Place, value: Uint8Array, { ttlSeconds }: PutOptions): void {
  checkPlace(place)
  if (value.length > VALUE_BYTES_MAX) {
    throw new RangeError(`a record of ${value.length} bytes: at most ${VALUE_BYTES_MAX}; larger things are files`)
  }
  if (ttlSeconds === undefined) return
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > TTL_SECONDS_MAX) {
    throw new RangeError(`ttlSeconds ${ttlSeconds}: a whole number from 1 to ${TTL_SECONDS_MAX}`)
  }
}

/** @throws RangeError */
export function checkList(partition: Partition, { limit }: ListRange): void {
  checkPartition(partition)
  if (!Number.isInteger(limit) || limit < 1 || limit > LIST_MAX) {
    throw new RangeError(`limit ${limit}: a whole number from 1 to ${LIST_MAX}`)
  }
}

function checkName(what: string, name: string): void {
  const bytes = Buffer.byteLength(name)
  if (bytes < 1 || bytes > NAME_BYTES_MAX) {
    throw new RangeError(`a ${what} of ${bytes} bytes: 1 to ${NAME_BYTES_MAX} are taken`)
  }
  // Zero ends a name in the keys of classic-level; half a surrogate pair has no bytes that lead back to it.
  if (name.includes('\0') || /\p{Surrogate}/u.test(name)) {
    throw new RangeError(`${what} ${JSON.stringify(name)}: text without U+0000 and unpaired surrogates is taken`)
  }
}

/**
 * The version of a record that comes into being. Somewhere at random, not 1: who holds a version of a record that was
 * removed must not match one that was made in its place since.
 */
export function firstVersion(random: () => number): Version {
  return (1 + Math.floor(random() * FIRST_VERSION_MAX)) as Version
}

export function nextVersion(version: Version): Version {
  return (version + 1) as Version
}

/** The first text behind all that start with `prefix`; undefined when nothing lies behind them. */
export function behindPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix)
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const point = last.codePointAt(0)!
    if (point === 0x10_ff_ff) continue
    return points.join('') + String.fromCodePoint(point === 0xd7_ff ? 0xe0_00 : point + 1)
  }
  return undefined
}
