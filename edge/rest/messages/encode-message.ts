import {
  Chat4AllError,
  type Extras,
  extras as extrasType,
  FRAME_BYTES_MAX,
  type Payload,
  payload as payloadType,
  Reader,
  Writer,
} from '@chat4all/protocol'
import type { PayloadJson } from '@chat4all/protocol/rest'
import { InvalidRequest } from '../http/invalid-request.js'

const writer = new Writer()

/** Room in a frame for what surrounds payload and extras: ids, seq, times, trace. */
const FRAME_BYTES_BESIDE = 1024

/**
 * A payload as the frames have it. It is read back before it goes anywhere: JSON can say things that no frame may
 * (a map key `__proto__`, deep nesting), and what cannot be read must not be stored.
 * @throws InvalidRequest
 */
export function encodePayload(payload: PayloadJson): Uint8Array {
  try {
    payloadType.write(writer, payload as Payload)
    const bytes = writer.take()
    payloadType.read(new Reader(bytes))
    return bytes
  } catch (error) {
    writer.take()
    throw new InvalidRequest([{ path: '/payload', message: reasonOf(error) }])
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Chat4AllError ? error.detail : (error as Error).message
}

/** To, channels and metadata, as the frames have them; undefined when there are none. */
export function encodeExtras(extras: Extras): Uint8Array | undefined {
  if (Object.values(extras).every((value) => value === undefined)) return undefined
  extrasType.write(writer, extras)
  return writer.take()
}

/** A message must fit into one frame, or no session could be sent it. @throws Chat4AllError FRAME_TOO_LARGE */
export function checkFits(payload: Uint8Array, extras: Uint8Array | undefined): void {
  const bytes = payload.length + (extras?.length ?? 0)
  const bytesMax = FRAME_BYTES_MAX - FRAME_BYTES_BESIDE
  if (bytes > bytesMax) {
    throw new Chat4AllError('FRAME_TOO_LARGE', `payload, to, channels and metadata take ${bytes} bytes of ${bytesMax}.`)
  }
}
