import { Chat4AllError } from '../errors.js'
import { NESTING_MAX } from '../limits.js'

/**
 * Reads MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md) values that the schema expects,
 * checking type and bound as it goes, so that decoding *is* validation and no generic object is built between.
 * Anything else throws MALFORMED_FRAME with the place. It never reads past `end`, and skips at most
 * {@link NESTING_MAX} deep, so hostile bytes cost their own length and no more.
 */

/** Up to this length characters one by one beat a call into the engine (codec.bench.ts). */
const SHORT_TEXT_BYTES = 48
/** The same for looking whether all is ASCII. */
const SHORT_CHECK_BYTES = 128

// Fatal: bytes that are no UTF-8 would pass through us and break clients in languages whose strings are strict.
// ignoreBOM means "leave it in": a text that begins with U+FEFF is to come out as it went in.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

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
    const length = this.strHead(max)
    return this.text(this.at - length, length)
  }

  /** Passes over a string that `str` would read. */
  skipStr(max: number): void {
    const length = this.strHead(max)
    this.checkText(this.at - length, length)
  }

  /** Passes over a string of at most `max` bytes; returns how many they are, not looking at them. */
  strHead(max: number): number {
    const start = this.at
    const b = this.byte()
    let length: number
    if (b >= 0xa0 && b < 0xc0) length = b & 0x1f
    else if (b === 0xd9) length = this.byte()
    else if (b === 0xda) length = this.u16()
    else if (b === 0xdb) length = this.u32()
    else throw malformed('expected a string', start)
    if (length > max) throw malformed(`expected a string of at most ${max} bytes`, start)
    this.need(length)
    return length
  }

  /** The characters of bytes that were passed over. */
  text(from: number, length: number): string {
    if (length <= SHORT_TEXT_BYTES) {
      const text = asciiText(this.bytes, from, from + length)
      if (text !== undefined) return text
    }
    return this.decodeText(from, length)
  }

  private checkText(from: number, length: number): void {
    if (length > SHORT_CHECK_BYTES) return void this.decodeText(from, length)
    const { bytes } = this
    for (let i = from; i < from + length; i++) {
      if (bytes[i]! >= 0x80) return void this.decodeText(from, length)
    }
  }

  private decodeText(from: number, length: number): string {
    try {
      return decoder.decode(this.bytes.subarray(from, from + length))
    } catch {
      throw malformed('expected UTF-8', from)
    }
  }

  /** Binary of between `min` and `max` bytes: a view of the input, not a copy. */
  bin(min: number, max: number): Uint8Array {
    const length = this.binHead(min, max)
    return this.bytes.subarray(this.at - length, this.at)
  }

  /** Passes over binary that `bin` would read; returns its length. */
  binHead(min: number, max: number): number {
    const start = this.at
    const b = this.byte()
    let length: number
    if (b === 0xc4) length = this.byte()
    else if (b === 0xc5) length = this.u16()
    else if (b === 0xc6) length = this.u32()
    else throw malformed('expected binary', start)
    if (length > max || length < min) throw malformed(`expected binary of ${min} to ${max} bytes`, start)
    this.need(length)
    return length
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

  /** Passes over one value of any type, checking only that it is whole. */
  skip(): void {
    this.skipValue(0, false)
  }

  /** Passes over one value that every language can decode: texts are UTF-8, names in maps are texts. */
  skipPlain(): void {
    this.skipValue(0, true)
  }

  private skipValue(depth: number, plain: boolean): void {
    if (depth > NESTING_MAX) throw malformed(`nested deeper than ${NESTING_MAX}`, this.at)
    const start = this.at
    const b = this.byte()
    if (b < 0x80 || b >= 0xe0 || b === 0xc0 || b === 0xc2 || b === 0xc3) return
    if (b < 0x90) return this.skipPairs(b & 0x0f, depth, plain)
    if (b < 0xa0) return this.skipValues(b & 0x0f, depth, plain)
    if (b < 0xc0) return this.skipText(b & 0x1f, plain)
    switch (b) {
      case 0xc4:
        return void this.need(this.byte())
      case 0xc5:
        return void this.need(this.u16())
      case 0xc6:
        return void this.need(this.u32())
      case 0xcc:
      case 0xd0:
        return void this.need(1)
      case 0xcd:
      case 0xd1:
        return void this.need(2)
      case 0xca:
      case 0xce:
      case 0xd2:
        return void this.need(4)
      case 0xcb:
      case 0xcf:
      case 0xd3:
        return void this.need(8)
      case 0xd9:
        return this.skipText(this.byte(), plain)
      case 0xda:
        return this.skipText(this.u16(), plain)
      case 0xdb:
        return this.skipText(this.u32(), plain)
      case 0xdc:
        return this.skipValues(this.u16(), depth, plain)
      case 0xdd:
        return this.skipValues(this.u32(), depth, plain)
      case 0xde:
        return this.skipPairs(this.u16(), depth, plain)
      case 0xdf:
        return this.skipPairs(this.u32(), depth, plain)
      default:
        throw malformed('a MessagePack type that no frame uses', start)
    }
  }

  private skipText(length: number, plain: boolean): void {
    const from = this.need(length)
    if (plain) this.checkText(from, length)
  }

  private skipValues(count: number, depth: number, plain: boolean): void {
    for (let i = 0; i < count; i++) this.skipValue(depth + 1, plain)
  }

  private skipPairs(count: number, depth: number, plain: boolean): void {
    for (let i = 0; i < count; i++) {
      if (plain) this.skipName(0xffffffff)
      else this.skipValue(depth + 1, false)
      this.skipValue(depth + 1, plain)
    }
  }

  /** A name in a map: a string of at most `max` bytes, and not the one that JavaScript gives a meaning of its own. */
  name(max: number): string {
    const start = this.at
    const name = this.str(max)
    if (name === PROTO) throw malformed(`the name ${PROTO}`, start)
    return name
  }

  /** Passes over a name that `name` would read. */
  skipName(max: number): void {
    const length = this.strHead(max)
    const from = this.at - length
    this.checkText(from, length)
    if (length === PROTO.length && this.text(from, length) === PROTO) throw malformed(`the name ${PROTO}`, from)
  }
}

/** A trap for JavaScript clients, whose decoders refuse it or, worse, do not. */
export const PROTO = '__proto__'

/** Characters of ASCII bytes, eight at a time; undefined when others are among them. */
function asciiText(b: Uint8Array, from: number, to: number): string | undefined {
  let text = ''
  let i = from
  for (; i + 8 <= to; i += 8) {
    const c0 = b[i]!
    const c1 = b[i + 1]!
    const c2 = b[i + 2]!
    const c3 = b[i + 3]!
    const c4 = b[i + 4]!
    const c5 = b[i + 5]!
    const c6 = b[i + 6]!
    const c7 = b[i + 7]!
    if ((c0 | c1 | c2 | c3 | c4 | c5 | c6 | c7) >= 0x80) return undefined
    text += String.fromCharCode(c0, c1, c2, c3, c4, c5, c6, c7)
  }
  for (; i < to; i++) {
    const c = b[i]!
    if (c >= 0x80) return undefined
    text += String.fromCharCode(c)
  }
  return text
}
