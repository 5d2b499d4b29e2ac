import { SLOTS, type Slot, slot } from '@chat4all/protocol'

/** [0, 1, 2, 7] → '0-2 7': 1024 slots stay readable in Consul's UI. */
export function ranges(slots: readonly Slot[]): string {
  const sorted = [...slots].sort((a, b) => a - b)
  const parts: string[] = []
  for (let i = 0; i < sorted.length; i++) {
    const first = sorted[i]!
    while (sorted[i + 1] === sorted[i]! + 1) i++
    parts.push(first === sorted[i] ? String(first) : `${first}-${sorted[i]}`)
  }
  return parts.join(' ')
}

/** The inverse of {@link ranges}. What is no slot is left out. */
export function slotsOf(text: string): Slot[] {
  const slots: Slot[] = []
  for (const part of text.split(' ').filter((some) => some !== '')) {
    const [first, last] = part.split('-').map(Number)
    for (let index = first!; index <= Math.min(last ?? first!, SLOTS - 1); index++) slots.push(slot(index))
  }
  return slots
}
