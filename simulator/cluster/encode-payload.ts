import { type Payload, payload as payloadType, Writer } from '@chat4all/protocol'

/** A payload as its author puts it into a message. */
export function encodePayload(value: Payload): Uint8Array {
  const writer = new Writer(256)
  payloadType.write(writer, value)
  return writer.take()
}
