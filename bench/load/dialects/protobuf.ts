/** As much of the protobuf wire format as centrifuge's client protocol needs: varints and length-delimited fields. */

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  bytes.push(rest)
  return Buffer.from(bytes)
}

/** A field with an unsigned integer. */
export function protobufUint(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8 + VARINT), varint(value)])
}

/** A field with bytes: binary, a string, or a message. */
export function protobufBytes(field: number, value: Uint8Array): Buffer {
  return Buffer.concat([varint(field * 8 + BYTES), varint(value.length), value])
}

/** Walks over the fields of one message in place. */
export class ProtobufScanner {
  private bytes: Buffer = Buffer.alloc(0)
  private end = 0
  at = 0
  /** Of the field that `next` found: its number … */
  field = 0
  /** … its integer … */
  value = 0
  /** … or where its bytes lie. */
  from = 0
  to = 0

  begin(bytes: Buffer, from: number, to: number): void {
    this.bytes = bytes
    this.at = from
    this.end = to
  }

  /** Reads a varint; exact up to 2^53. */
  varint(): number {
    let value = 0
    let scale = 1
    for (;;) {
      if (this.at >= this.end) throw new Error('a protobuf message ends early')
      const byte = this.bytes[this.at++]!
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 0x80
    }
  }

  /** Moves to the next field; false at the end. */
  next(): boolean {
    if (this.at >= this.end) return false
    const tag = this.varint()
    this.field = Math.floor(tag / 8)
    const wireType = tag % 8
    if (wireType === VARINT) this.value = this.varint()
    else if (wireType === BYTES) {
      const length = this.varint()
      this.from = this.at
      this.to = this.at + length
      this.at = this.to
    } else if (wireType === FIXED64) this.at += 8
    else if (wireType === FIXED32) this.at += 4
    else throw new Error(`protobuf wire type ${wireType}`)
    if (this.at > this.end) throw new Error('a protobuf message ends early')
    return true
  }
}
