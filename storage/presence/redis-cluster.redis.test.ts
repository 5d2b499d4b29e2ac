import { randomUUID } from 'node:crypto'
import { after } from 'node:test'
import { connectRedis } from '../redis/connection.js'
import { presenceContract } from './contract.js'
import { redisPresence } from './redis-cluster.js'

const redis = await connectRedis({
  nodes: [process.env.CHAT4ALL_TEST_REDIS ?? '127.0.0.1:6379'],
  onFault: (error) => console.log(error.message),
})
after(() => redis.close())

presenceContract('Redis cluster', async () => {
  const scope = randomUUID()
  return redisPresence(redis, (error) => console.log(error.message), Date.now, `test:${scope}:`)
})
