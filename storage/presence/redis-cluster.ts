import type { AppId, EdgeId, UserId } from '@chat4all/protocol'
import type { Redis } from '../redis/connection.js'
import type { Presence } from './port.js'

export interface RedisPresenceOptions {
  /** In front of every key; one per cluster of ours. */
  readonly prefix: string
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** A user counts as being on an edge for so long after the edge last said so. */
const FRESH_MS = 90_000
/** Edges repeat what they know this often, so that a lost Redis, or a killed edge, heals by itself. */
const REPEAT_MS = 30_000
const REPEATED_AT_ONCE = 200

/**
 * Presence in a Redis cluster: one sorted set per user, edges by the time at which they last said that the user is
 * there. What an edge that died leaves behind grows old and does not count.
 *
 * With Redis away nobody waits: users connect, and whoever asks where a user is hears "everywhere", which costs each
 * edge a look at its own sessions. After Redis was away, or lost its data, everything is said again at once.
 */
export function redisPresence(redis: Redis, { prefix, now = Date.now }: RedisPresenceOptions): Presence {
  const here = new Map<string, Set<EdgeId>>()
  const keyOf = (app: AppId, user: UserId) => `${prefix}presence:{${app}/${user}}`
  let missed = false

  async function tell(key: string, edges: Iterable<EdgeId>): Promise<void> {
    const score = now()
    const members = Array.from(edges, (value) => ({ score, value }))
    await redis.run((cluster) => cluster.multi().zAdd(key, members).pExpire(key, FRESH_MS).exec())
  }

  const repeating = setInterval(() => void repeat(), REPEAT_MS)
  repeating.unref()
  const mending = setInterval(() => {
    if (missed) void repeat()
  }, 1_000)
  mending.unref()
  let repeatingNow = false
  async function repeat(): Promise<void> {
    if (repeatingNow) return
    repeatingNow = true
    missed = false
    const keys = [...here]
    for (let at = 0; at < keys.length && !missed; at += REPEATED_AT_ONCE) {
      const some = keys.slice(at, at + REPEATED_AT_ONCE).filter(([, edges]) => edges.size > 0)
      await Promise.all(some.map(([key, edges]) => tell(key, edges).catch(miss)))
    }
    repeatingNow = false
  }

  function miss(): void {
    missed = true
  }

  return {
    async arrive(app, user, edge) {
      const key = keyOf(app, user)
      const edges = here.get(key)
      if (edges === undefined) here.set(key, new Set([edge]))
      else edges.add(edge)
      await tell(key, [edge]).catch(miss)
    },
    async leave(app, user, edge) {
      const key = keyOf(app, user)
      const edges = here.get(key)
      edges?.delete(edge)
      if (edges?.size === 0) here.delete(key)
      // Left behind, it grows old.
      await redis.run((cluster) => cluster.zRem(key, edge)).catch(() => {})
    },
    async where(app, user) {
      const since = now() - FRESH_MS
      try {
        return (await redis.run((cluster) => cluster.zRangeByScore(keyOf(app, user), since, '+inf'))) as EdgeId[]
      } catch {
        return 'everywhere'
      }
    },
    async close() {
      clearInterval(repeating)
      clearInterval(mending)
    },
  }
}
