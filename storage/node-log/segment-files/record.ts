import { crc32 } from 'node:zlib'
import type { LogId, Offset } from '@chat4all/protocol'

/**
 * How an entry lies in a segment: a header of {@link HEADER_BYTES} and the entry's bytes. Numbers are little endian.
 *
 *     0  magic            4  length of the entry
 *     8  offset          16  synced: the first offset of the write that this record was part of
 *    24  crc32 of bytes 0–23 and the entry, begun with the crc32 of the log's id
 *
 * `synced` says that every entry below it was on stable storage before this record was written. It is what tells a
 * torn tail from a damaged record (docs/decisions/0012). The log's id in the checksum makes records of another log,
 * or bytes inside a message that look like a record, invalid here.
 */

export const HEADER_BYTES = 28
export const MAGIC_BYTES = Buffer.from('C4al')
const MAGIC = MAGIC_BYTES.readUInt32LE()
const CRC_AT = 24

export interface RecordHeader {
  readonly offset: Offset
  readonly synced: Offset
  readonly length: number
  readonly crc: number
}

/** Where the checksums of a log's records begin. */
export function checksumSeed(log: LogId): number {
  return crc32(log)
}

/** Writes the header of an entry into `into` at `at`. */
export function writeHeader(
  into: Buffer,
  at: number,
  seed: number,
  offset: Offset,
  synced: Offset,
  entry: Uint8Array,
): void {
  into.writeUInt32LE(MAGIC, at)
  into.writeUInt32LE(entry.length, at + 4)
  writeNumber(into, at + 8, offset)
  writeNumber(into, at + 16, synced)
  into.writeUInt32LE(crc32(entry, crc32(into.subarray(at, at + CRC_AT), seed)), at + CRC_AT)
}

/** The header at `at`; undefined when there is none. Its checksum is not verified: see {@link isIntact}. */
export function readHeader(bytes: Buffer, at: number): RecordHeader | undefined {
  if (at + HEADER_BYTES > bytes.length || bytes.readUInt32LE(at) !== MAGIC) return undefined
  return {
    length: bytes.readUInt32LE(at + 4),
    offset: readNumber(bytes, at + 8) as Offset,
    synced: readNumber(bytes, at + 16) as Offset,
    crc: bytes.readUInt32LE(at + CRC_AT),
  }
}

/** Whether the record whose header is at `at` is whole in `bytes` and has the checksum that it says. */
export function isIntact(bytes: Buffer, at: number, header: RecordHeader, seed: number): boolean {
  const start = at + HEADER_BYTES
  if (start + header.length > bytes.length) return false
  const entry = bytes.subarray(start, start + header.length)
  return crc32(entry, crc32(bytes.subarray(at, at + CRC_AT), seed)) === header.crc
}

function writeNumber(into: Buffer, at: number, n: number): void {
  into.writeUInt32LE(n % 0x1_0000_0000, at)
  into.writeUInt32LE(Math.floor(n / 0x1_0000_0000), at + 4)
}

function readNumber(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 0x1_0000_0000
}
