import { type FrameCodec, frameCodec, Reader, SERVER_FRAMES, type ServerFrame } from '@chat4all/protocol'

/**
 * Reads what a Chat4All edge sends. The two frames that come by the hundred thousand, `sent` and `deliver`, are
 * scanned in place without building an object; all others go through the protocol's own decoder.
 */

export interface FrameScan {
  /** The 16 bytes of the message_id begin at `idAt` in `bytes`. */
  sent(cseq: number, bytes: Buffer, idAt: number, seq: number): void
  /** A message of a `deliver`; `textFrom` is -1 for one that is no text. */
  delivered(seq: number, bytes: Buffer, textFrom: number, textTo: number, idAt: number): void
  other(frame: ServerFrame): void
}

const SENT = 4
const DELIVER = 5
const BIN_8 = 0xc4
const STR_8 = 0xd9
const STR_16 = 0xda
const TEXT_TAG = 0
const UINT_MAX = Number.MAX_SAFE_INTEGER

const codec: FrameCodec<ServerFrame> = frameCodec(SERVER_FRAMES)
const reader = new Reader(new Uint8Array(0))

/** Tells `scan` all frames of a WebSocket message that lies in `bytes` from `from` to `to`. */
export function scanFrames(bytes: Buffer, from: number, to: number, scan: FrameScan): void {
  let at = from
  while (at < to) {
    reader.bytes = bytes
    reader.at = at
    reader.end = to
    const present = reader.array(64)
    const code = reader.uint(0xffff)
    if (code === SENT) {
      const cseq = reader.uint(UINT_MAX)
      const idAt = skipId()
      const seq = reader.uint(UINT_MAX)
      for (let left = present - 4; left > 0; left--) reader.skip()
      at = reader.at
      scan.sent(cseq, bytes, idAt, seq)
    } else if (code === DELIVER) {
      reader.skip()
      reader.skip()
      reader.skip()
      let messages = reader.array(UINT_MAX)
      at = reader.at
      for (; messages > 0; messages--) at = scanMessage(bytes, at, to, scan)
    } else {
      reader.at = at
      reader.skip()
      const start = at
      at = reader.at
      // A copy: the decoded frame keeps views of it, and `bytes` is reused.
      codec.decodeAll(Uint8Array.prototype.slice.call(bytes, start, at), (frame) => scan.other(frame))
    }
  }
}

/** Returns where the message ends; the shared reader is free again when `scan` is called. */
function scanMessage(bytes: Buffer, at: number, to: number, scan: FrameScan): number {
  reader.bytes = bytes
  reader.at = at
  reader.end = to
  const present = reader.array(64)
  const seq = reader.uint(UINT_MAX)
  const idAt = skipId()
  reader.skip()
  reader.skip()
  const payloadFields = reader.array(64)
  let textFrom = -1
  let textTo = -1
  if (reader.uint(0xffff) === TEXT_TAG) {
    textFrom = textStart(bytes, reader.at)
    reader.skip()
    textTo = reader.at
  } else for (let left = payloadFields - 1; left > 0; left--) reader.skip()
  for (let left = present - 5; left > 0; left--) reader.skip()
  const end = reader.at
  scan.delivered(seq, bytes, textFrom, textTo, idAt)
  return end
}

/** Passes over a message_id and tells where its 16 bytes begin. */
function skipId(): number {
  const at = reader.at
  if (reader.bytes[at] !== BIN_8 || reader.bytes[at + 1] !== 16) throw new Error(`no message_id at byte ${at}`)
  reader.skip()
  return at + 2
}

function textStart(bytes: Buffer, at: number): number {
  const head = bytes[at]!
  if (head === STR_8) return at + 2
  if (head === STR_16) return at + 3
  if (head >= 0xa0 && head < 0xc0) return at + 1
  throw new Error(`no text at byte ${at}`)
}
