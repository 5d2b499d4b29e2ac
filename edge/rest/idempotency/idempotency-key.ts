import { createHash } from 'node:crypto'
import type { MessageId } from '@chat4all/protocol'
import type { Identity } from '../../auth/port.js'
import { InvalidRequest } from '../http/invalid-request.js'

/** Printable ASCII without quotes and backslashes, as it is or as a String of RFC 9651. */
const KEY = /^(?:"([ !#-[\]-~]{1,255})"|([!#-[\]-~]{1,255}))$/

/** One key of one caller: the same word of somebody else is another key. */
export interface IdempotencyKey {
  /** Under which the answer stands. */
  readonly name: string
  /** With which it is encrypted; not kept anywhere. */
  readonly secret: Buffer
  /** An id for what the request makes: made again, it is the same. */
  readonly id: MessageId
}

/** @throws InvalidRequest */
export function idempotencyKeyOf(header: string, identity: Identity | undefined): IdempotencyKey {
  const [, quoted, bare] = KEY.exec(header.trim()) ?? []
  const word = quoted ?? bare
  if (word === undefined) {
    const message = 'Not a key: 1 to 255 printable ASCII characters, at best a random UUID.'
    throw new InvalidRequest([{ path: 'Idempotency-Key', message }])
  }
  const caller = identity === undefined ? 'operator' : JSON.stringify([identity.app, identity.user ?? null])
  const derived = (purpose: string) => createHash('sha256').update(`${purpose}\0${caller}\0${word}`).digest()
  return { name: derived('name').toString('base64url'), secret: derived('secret'), id: uuidOf(derived('id')) }
}

/** The first bytes of a hash as a UUIDv4. */
function uuidOf(hash: Buffer): MessageId {
  hash[6] = (hash[6]! & 0x0f) | 0x40
  hash[8] = (hash[8]! & 0x3f) | 0x80
  const hex = hash.toString('hex', 0, 16)
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') as MessageId
}
