import type { AppId, EdgeId, UserId } from '@chat4all/protocol'
import type { Presence } from './port.js'

/** Presence for edges and shard-nodes that share one process, and this object: exact. */
export function inProcessPresence(): Presence {
  // Nearly every user is at one edge: a set of its own for each would weigh more than all else about them here.
  const edges = new Map<string, EdgeId | Set<EdgeId>>()
  return {
    async arrive(app, user, edge) {
      const key = keyOf(app, user)
      const at = edges.get(key)
      if (at === undefined) edges.set(key, edge)
      else if (typeof at !== 'string') at.add(edge)
      else if (at !== edge) edges.set(key, new Set([at, edge]))
    },
    async leave(app, user, edge) {
      const key = keyOf(app, user)
      const at = edges.get(key)
      if (at === edge) edges.delete(key)
      else if (typeof at === 'object') {
        at.delete(edge)
        if (at.size === 0) edges.delete(key)
      }
    },
    async where(app, user) {
      const at = edges.get(keyOf(app, user))
      if (at === undefined) return []
      return typeof at === 'string' ? [at] : [...at]
    },
    async close() {
      edges.clear()
    },
  }
}

// An app's id has no '/' (protocol/schema/parts.ts), so two pairs never share a key.
const keyOf = (app: AppId, user: UserId): string => `${app}/${user}`
