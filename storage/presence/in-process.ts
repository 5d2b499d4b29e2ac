import type { AppId, EdgeId, UserId } from '@chat4all/protocol'
import type { Presence } from './port.js'

/** Presence for edges and shard-nodes that share one process, and this object: exact. */
export function inProcessPresence(): Presence {
  const edges = new Map<string, Set<EdgeId>>()
  return {
    async arrive(app, user, edge) {
      const key = keyOf(app, user)
      const at = edges.get(key)
      if (at === undefined) edges.set(key, new Set([edge]))
      else at.add(edge)
    },
    async leave(app, user, edge) {
      const key = keyOf(app, user)
      const at = edges.get(key)
      if (at === undefined) return
      at.delete(edge)
      if (at.size === 0) edges.delete(key)
    },
    async where(app, user) {
      const at = edges.get(keyOf(app, user))
      return at === undefined ? [] : [...at]
    },
    async close() {
      edges.clear()
    },
  }
}

// An app's id has no '/' (protocol/schema/parts.ts), so two pairs never share a key.
const keyOf = (app: AppId, user: UserId): string => `${app}/${user}`
