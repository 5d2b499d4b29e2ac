import { Chat4AllError } from '../errors.js'

/**
 * Reads MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md) values that the schema expects,
 * checking type and bound as it goes, so that decoding *is* validation and no generic object is built between.
 * Anything else throws MALFORMED_FRAME with the place. It never reads past `end`, and skips at most
 * {@link NESTING_MAX} deep, so hostile bytes cost their own length and no more.
 */

const NESTING_MAX = 16
const decoder = new TextDecoder('utf-8')

function malformed(what: string, at: number): Chat4AllError {
  return new Chat4AllError('MALFORMED_FRAME', `${what} at byte ${at}`)
}

export class Reader {
  bytes: Uint8Array
  at: number
  end: number

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  get done(): boolean {
    return this.at >= this.end
  }

  private byte(): number {
    if (this.at >= this.end) throw malformed('the value ends early', this.at)
    return this.bytes[this.at++]!
  }

  private need(count: number): number {
    const start = this.at
    if (start + count > this.end) throw malformed('the value ends early', start)
    this.at = start + count
    return start
  }

  private u16(): number {
    const i = this.need(2)
    return (this.bytes[i]! << 8) | this.bytes[i + 1]!
  }

  private u32(): number {
    const i = this.need(4)
    const b = this.bytes
    return b[i]! * 0x1000000 + ((b[i + 1]! << 16) | (b[i + 2]! << 8) | b[i + 3]!)
  }

  /** True, and passed over, when the next value is nil. */
  nil(): boolean {
    if (this.at < this.end && this.bytes[this.at] === 0xc0) {
      this.at++
      return true
    }
    return false
  }

  bool(): boolean {
    const b = this.byte()
    if (b === 0xc3) return true
    if (b === 0xc2) return false
    throw malformed('expected a boolean', this.at - 1)
  }

  /** An unsigned integer up to `max` (at most 2^53 - 1). */
  uint(max: number): number {
    const start = this.at
    const b = this.byte()
    let n: number
    if (b < 0x80) n = b
    else if (b === 0xcc) n = this.byte()
    else if (b === 0xcd) n = this.u16()
    else if (b === 0xce) n = this.u32()
    else if (b === 0xcf) {
      const high = this.u32()
      n = high * 0x100000000 + this.u32()
    } else throw malformed('expected an unsigned integer', start)
    if (n > max) throw malformed(`expected an integer up to ${max}`, start)
    return n
  }

  /** A string of at most `max` bytes of UTF-8. */
  str(max: number): string {
    const start = this.at
    const b = this.byte()
    let length: number
    if (b >= 0xa0 && b < 0xc0) length = b & 0x1f
    else if (b === 0xd9) length = this.byte()
    else if (b === 0xda) length = this.u16()
    else if (b === 0xdb) length = this.u32()
    else throw malformed('expected a string', start)
    if (length > max) throw malformed(`expected a string of at most ${max} bytes`, start)
    const from = this.need(length)
    if (length > 48) return decoder.decode(this.bytes.subarray(from, from + length))
    let text = ''
    for (let i = from; i < this.at; i++) {
      const c = this.bytes[i]!
      if (c >= 0x80) return decoder.decode(this.bytes.subarray(from, this.at))
      text += String.fromCharCode(c)
    }
    return text
  }

  /** Binary of between `min` and `max` bytes: a view of the input, not a copy. */
  bin(min: number, max: number): Uint8Array {
    const start = this.at
    const b = this.byte()
    let length: number
    if (b === 0xc4) length = this.byte()
    else if (b === 0xc5) length = this.u16()
    else if (b === 0xc6) length = this.u32()
    else throw malformed('expected binary', start)
    if (length > max || length < min) throw malformed(`expected binary of ${min} to ${max} bytes`, start)
    const from = this.need(length)
    return this.bytes.subarray(from, from + length)
  }

  /** The number of values in an array of at most `max`. */
  array(max: number): number {
    const start = this.at
    const b = this.byte()
    let length: number
    if (b >= 0x90 && b < 0xa0) length = b & 0x0f
    else if (b === 0xdc) length = this.u16()
    else if (b === 0xdd) length = this.u32()
    else throw malformed('expected an array', start)
    if (length > max) throw malformed(`expected an array of at most ${max}`, start)
    return length
  }

  /** The number of pairs in a map of at most `max`. */
  map(max: number): number {
    const start = this.at
    const b = this.byte()
    let length: number
    if (b >= 0x80 && b < 0x90) length = b & 0x0f
    else if (b === 0xde) length = this.u16()
    else if (b === 0xdf) length = this.u32()
    else throw malformed('expected a map', start)
    if (length > max) throw malformed(`expected a map of at most ${max}`, start)
    return length
  }

  /** Passes over one value of any type, checking that it is whole. */
  skip(depth = 0): void {
    if (depth > NESTING_MAX) throw malformed(`nested deeper than ${NESTING_MAX}`, this.at)
    const start = this.at
    const b = this.byte()
    if (b < 0x80 || b >= 0xe0 || b === 0xc0 || b === 0xc2 || b === 0xc3) return
    if (b < 0x90) return this.skipMany((b & 0x0f) * 2, depth)
    if (b < 0xa0) return this.skipMany(b & 0x0f, depth)
    if (b < 0xc0) return void this.need(b & 0x1f)
    switch (b) {
      case 0xc4:
      case 0xd9:
        return void this.need(this.byte())
      case 0xc5:
      case 0xda:
        return void this.need(this.u16())
      case 0xc6:
      case 0xdb:
        return void this.need(this.u32())
      case 0xcc:
      case 0xd0:
        return void this.need(1)
      case 0xcd:
      case 0xd1:
        return void this.need(2)
      case 0xce:
      case 0xd2:
      case 0xca:
        return void this.need(4)
      case 0xcf:
      case 0xd3:
      case 0xcb:
        return void this.need(8)
      case 0xdc:
        return this.skipMany(this.u16(), depth)
      case 0xdd:
        return this.skipMany(this.u32(), depth)
      case 0xde:
        return this.skipMany(this.u16() * 2, depth)
      case 0xdf:
        return this.skipMany(this.u32() * 2, depth)
      default:
        throw malformed('a MessagePack type that no frame uses', start)
    }
  }

  private skipMany(count: number, depth: number): void {
    for (let i = 0; i < count; i++) this.skip(depth + 1)
  }
}
