import type { Delivery, Webhook } from '@chat4all/storage'
import type { Attempts, Made } from './attempts.js'
import type { Clock } from './clock.js'
import { lanesOf } from './lanes.js'

/**
 * The short way: attempts at once, nothing written down. Returns what was not taken by the end of the grace, in order;
 * attempts that are still under way then are handed over to whoever makes the next one.
 */
export async function deliverDirectly(
  webhook: Webhook,
  deliveries: readonly Delivery[],
  attempts: Attempts,
  { clock, graceMs }: { readonly clock: Clock; readonly graceMs: number },
): Promise<{ readonly taken: Delivery[]; readonly left: Delivery[]; readonly gone: boolean }> {
  const left = new Map(deliveries.map((delivery) => [delivery.id, delivery]))
  const underWay = new Map<string, Promise<Made | undefined>>()
  const taken: Delivery[] = []
  const over = new AbortController()
  let gone = false

  async function lane(inOrder: readonly Delivery[]): Promise<void> {
    for (const delivery of inOrder) {
      if (over.signal.aborted) return
      const attempt = attempts.make(webhook, delivery)
      underWay.set(delivery.id, attempt)
      const made = await attempt
      // Handed over meanwhile: what came of it is the business of others.
      if (over.signal.aborted) return
      underWay.delete(delivery.id)
      if (made?.outcome !== 'taken') {
        if (made !== undefined) left.set(delivery.id, made.delivery)
        gone = made?.outcome === 'gone'
        // The first that fails ends the short way for all: the receiver may be down.
        over.abort()
        return
      }
      left.delete(delivery.id)
      taken.push(made.delivery)
    }
  }

  const allLanes = Promise.all([...lanesOf(deliveries).values()].map(lane))
  await Promise.race([allLanes, clock.wait(graceMs, over.signal)])
  over.abort()
  for (const [id, attempt] of underWay) attempts.handOver(id, attempt)
  // A fault of ours must not go unheard; of attempts that were handed over, their new owner hears.
  if (underWay.size === 0) await allLanes
  else allLanes.catch(() => {})
  return { taken, left: [...left.values()], gone }
}
