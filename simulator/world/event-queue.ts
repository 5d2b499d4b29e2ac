/** What happens when, as a binary heap; what is due at the same time happens in the order in which it was put in. */
export class EventQueue {
  private readonly heap: Event[] = []
  private nextOrder = 0

  get size(): number {
    return this.heap.length
  }

  /** When the next event is due; Infinity when there is none. */
  get nextAt(): number {
    return this.heap[0]?.at ?? Number.POSITIVE_INFINITY
  }

  push(at: number, run: () => void): void {
    const { heap } = this
    const event: Event = { at, order: this.nextOrder++, run }
    let i = heap.length
    heap.push(event)
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!isBefore(event, heap[parent]!)) break
      heap[i] = heap[parent]!
      i = parent
    }
    heap[i] = event
  }

  /** Takes the next event out. The queue must not be empty. */
  pop(): Event {
    const { heap } = this
    const first = heap[0]!
    const last = heap.pop()!
    const size = heap.length
    if (size === 0) return first
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= size) break
      if (child + 1 < size && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, last)) break
      heap[i] = heap[child]!
      i = child
    }
    heap[i] = last
    return first
  }
}

interface Event {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
