import type { ConversationChange } from './port.js'

/** Changes up to one that erases, and that one's erasure, which comes behind them. */
export interface Portion {
  readonly changes: readonly ConversationChange[]
  readonly erases: ConversationChange | undefined
}

/** An erasure reads what is there and takes it away: all that comes before it has to be written then. */
export function portionsOf(changes: readonly ConversationChange[]): Portion[] {
  const portions: Portion[] = []
  let from = 0
  for (const [i, change] of changes.entries()) {
    if (change.erase === undefined) continue
    portions.push({ changes: changes.slice(from, i + 1), erases: change })
    from = i + 1
  }
  if (from === 0) return [{ changes, erases: undefined }]
  if (from < changes.length) portions.push({ changes: changes.slice(from), erases: undefined })
  return portions
}
