import type { Delivery } from './port.js'

/** Deliveries are kept many to a record: a change of a record costs a round of consensus or a sync of the disk. */

const CHUNK_DELIVERIES_MAX = 100
/** A record takes 1 MiB; one delivery is at most a quarter of that. */
const CHUNK_BYTES_MAX = 512 * 1024

export const encodeChunk = (deliveries: readonly Delivery[]): Uint8Array => Buffer.from(JSON.stringify(deliveries))

export const decodeChunk = (value: Uint8Array): Delivery[] => JSON.parse(Buffer.from(value).toString()) as Delivery[]

/** Cuts into chunks that fit a record, in order; a new one also where `together` says so. */
export function inChunks(
  deliveries: readonly Delivery[],
  together: (first: Delivery, next: Delivery) => boolean = () => true,
): Delivery[][] {
  const chunks: Delivery[][] = []
  let bytes = 0
  for (const delivery of deliveries) {
    const current = chunks.at(-1)
    const size = Buffer.byteLength(delivery.body) + delivery.attemptLog.length * 1_024 + 512
    const fits =
      current !== undefined &&
      current.length < CHUNK_DELIVERIES_MAX &&
      bytes + size <= CHUNK_BYTES_MAX &&
      together(current[0]!, delivery)
    if (fits) {
      current.push(delivery)
      bytes += size
    } else {
      chunks.push([delivery])
      bytes = size
    }
  }
  return chunks
}
