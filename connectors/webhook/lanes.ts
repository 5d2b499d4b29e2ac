import type { Delivery } from '@chat4all/storage'

/** Deliveries of one lane go one after the other; those of different lanes need nothing from each other. */
export function laneOf({ conversation, id }: Delivery): string {
  return conversation ?? id
}

export function lanesOf(deliveries: readonly Delivery[]): Map<string, Delivery[]> {
  const lanes = new Map<string, Delivery[]>()
  for (const delivery of deliveries) {
    const name = laneOf(delivery)
    const lane = lanes.get(name)
    if (lane === undefined) lanes.set(name, [delivery])
    else lane.push(delivery)
  }
  return lanes
}
