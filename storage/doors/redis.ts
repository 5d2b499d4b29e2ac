/** What the processes of a cluster tell each other through Redis. */
export { type RedisPresenceOptions, redisPresence } from '../presence/redis-cluster.js'
export { redisRateLimits } from '../rate-limits/redis-cluster.js'
export { openRedis, type Redis, type RedisOptions } from '../redis/connection.js'
