import { logRecord, Reader, type Seq } from '@chat4all/protocol'
import type { PublishedRecord } from '@chat4all/shard-node/core'

/** Seqs of the messages in a record. */
export function messagesOf({ record }: PublishedRecord): Seq[] {
  const read = logRecord.read(new Reader(record))
  if (read.type !== 'messages') return []
  return Array.from({ length: read.count }, (_, index) => (read.first + index) as Seq)
}
