import type { History } from '../history/history.js'

/** `conversation user` of those who were removed from a conversation at some time. */
export function everRemoved(history: History): Set<string> {
  const removed = new Set<string>()
  for (const { conversation, messages } of history.of('full-read')) {
    for (const { removes } of messages) for (const user of removes ?? []) removed.add(`${conversation} ${user}`)
  }
  return removed
}
