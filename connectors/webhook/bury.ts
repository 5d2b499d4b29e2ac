import type { Backlog, Delivery, WebhookStore } from '@chat4all/storage'

const CHUNKS_PER_READ = 4
const ASIDES_PER_READ = 200

/**
 * Ends all that waits for a webhook that is not called any more: `keep` makes dead letters of it first. Whatever a crash
 * leaves undone is done again.
 * @returns false when something was added meanwhile: to be called again.
 */
export async function endBacklog(
  { queue }: Pick<WebhookStore, 'queue'>,
  backlog: Backlog,
  keep: (deliveries: readonly Delivery[]) => Promise<void>,
): Promise<boolean> {
  for (;;) {
    const chunks = await queue.chunks(backlog, { limit: CHUNKS_PER_READ })
    for (const chunk of chunks) {
      await keep(chunk.deliveries)
      await queue.removeChunk(backlog, chunk)
    }
    const asides = await queue.asides(backlog, { limit: ASIDES_PER_READ })
    if (asides.length > 0) await keep(asides.map(({ delivery }) => delivery))
    for (const aside of asides) await queue.removeAside(backlog, aside)
    if (chunks.length === 0 && asides.length === 0) return queue.finish(backlog)
  }
}
