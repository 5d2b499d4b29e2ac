/**
 * Writes MessagePack into one growing buffer that is reused. What `take` returns is a view of memory that the
 * writer hands over and never touches again, so frames are encoded once and passed on without a copy.
 */

const CHUNK_BYTES = 64 * 1024
const encoder = new TextEncoder()

export class Writer {
  private bytes: Uint8Array
  private start = 0
  private at = 0
  private readonly chunkBytes: number

  constructor(chunkBytes: number = CHUNK_BYTES) {
    this.chunkBytes = chunkBytes
    this.bytes = new Uint8Array(chunkBytes)
  }

  /** Bytes written since the last `take`. */
  get length(): number {
    return this.at - this.start
  }

  /** The bytes since the last `take`, handed over. */
  take(): Uint8Array {
    const taken = this.bytes.subarray(this.start, this.at)
    this.start = this.at
    return taken
  }

  /** A view of what was written from `from` (a `length` read earlier) on; valid like what `take` returns. */
  since(from: number): Uint8Array {
    return this.bytes.subarray(this.start + from, this.at)
  }

  /** Forgets what was written after `length` was `to`. */
  rewind(to: number): void {
    this.at = this.start + to
  }

  private need(count: number): void {
    if (this.at + count <= this.bytes.length) return
    const used = this.at - this.start
    const next = new Uint8Array(Math.max(this.chunkBytes, (used + count) * 2))
    next.set(this.bytes.subarray(this.start, this.at))
    this.bytes = next
    this.start = 0
    this.at = used
  }

  nil(): void {
    this.need(1)
    this.bytes[this.at++] = 0xc0
  }

  bool(value: boolean): void {
    this.need(1)
    this.bytes[this.at++] = value ? 0xc3 : 0xc2
  }

  uint(n: number): void {
    this.need(9)
    const b = this.bytes
    if (n < 0x80) b[this.at++] = n
    else if (n < 0x100) {
      b[this.at++] = 0xcc
      b[this.at++] = n
    } else if (n < 0x10000) {
      b[this.at++] = 0xcd
      b[this.at++] = n >>> 8
      b[this.at++] = n
    } else if (n < 0x100000000) {
      b[this.at++] = 0xce
      this.u32(n)
    } else {
      b[this.at++] = 0xcf
      this.u32(Math.floor(n / 0x100000000))
      this.u32(n % 0x100000000)
    }
  }

  private u32(n: number): void {
    const b = this.bytes
    b[this.at++] = n >>> 24
    b[this.at++] = n >>> 16
    b[this.at++] = n >>> 8
    b[this.at++] = n
  }

  private head(length: number, fix: number, fixMax: number, code8: number, code16: number): void {
    const b = this.bytes
    if (length <= fixMax) b[this.at++] = fix | length
    else if (code8 !== 0 && length < 0x100) {
      b[this.at++] = code8
      b[this.at++] = length
    } else if (length < 0x10000) {
      b[this.at++] = code16
      b[this.at++] = length >>> 8
      b[this.at++] = length
    } else {
      b[this.at++] = code16 + 1
      this.u32(length)
    }
  }

  str(text: string): void {
    const length = text.length
    this.need(length * 3 + 5)
    if (length < 32) {
      const mark = this.at
      const b = this.bytes
      b[this.at++] = 0xa0 | length
      for (let i = 0; i < length; i++) {
        const c = text.charCodeAt(i)
        if (c >= 0x80) {
          this.at = mark
          return this.utf8(text)
        }
        b[this.at++] = c
      }
      return
    }
    this.utf8(text)
  }

  private utf8(text: string): void {
    // The length in bytes is known only afterwards. Most text is ASCII, where it is the length in characters: encode
    // behind the head that this would need, and move the bytes when that was wrong.
    const guess = headBytes(text.length)
    const from = this.at + guess
    const { written } = encoder.encodeInto(text, this.bytes.subarray(from))
    const head = headBytes(written)
    if (head !== guess) this.bytes.copyWithin(this.at + head, from, from + written)
    this.head(written, 0xa0, 31, 0xd9, 0xda)
    this.at += written
  }

  bin(value: Uint8Array): void {
    this.need(value.length + 5)
    this.head(value.length, 0, -1, 0xc4, 0xc5)
    this.copy(value)
  }

  array(length: number): void {
    this.need(5)
    this.head(length, 0x90, 15, 0, 0xdc)
  }

  map(length: number): void {
    this.need(5)
    this.head(length, 0x80, 15, 0, 0xde)
  }

  /** Bytes that are MessagePack already. */
  raw(value: Uint8Array): void {
    this.need(value.length)
    this.copy(value)
  }

  private copy(value: Uint8Array): void {
    // For a few bytes a loop beats the call into the engine.
    if (value.length <= 24) {
      const b = this.bytes
      let at = this.at
      for (let i = 0; i < value.length; i++) b[at++] = value[i]!
      this.at = at
    } else {
      this.bytes.set(value, this.at)
      this.at += value.length
    }
  }
}

/** Bytes of the head of a string of `length` bytes. */
function headBytes(length: number): number {
  if (length < 32) return 1
  if (length < 0x100) return 2
  return length < 0x10000 ? 3 : 5
}
