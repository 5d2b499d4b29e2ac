import type { History } from '../history/history.js'
import { erasedConversations } from './erasures.js'

/**
 * `conversation user` of those who were removed from a conversation at some time: all, from one that was erased. The logs
 * tell: not every conversation is read after its last change.
 */
export function everRemoved(history: History): Set<string> {
  const removed = new Set<string>()
  for (const { messages } of history.of('log-content')) {
    for (const { conversation, removes = [] } of messages)
      for (const user of removes) removed.add(`${conversation} ${user}`)
  }
  const users = new Set(history.of('connected').map(({ client }) => client))
  for (const conversation of erasedConversations(history))
    for (const user of users) removed.add(`${conversation} ${user}`)
  return removed
}
