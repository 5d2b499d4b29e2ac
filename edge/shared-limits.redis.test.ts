import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { testEngine } from '@chat4all/protocol/testing'
import { openRedis, redisRateLimits } from '@chat4all/storage/redis'
import { fakeDirectory } from './auth/fake-directory.js'
import { restFixture } from './rest/testing/rest-fixture.js'
import { SendLimits } from './send-limits.js'

/** Two edges, each with a connection of its own to one Redis cluster. */
const nodes = [testEngine('CHAT4ALL_TEST_REDIS')]
const connections = [openRedis({ nodes }), openRedis({ nodes })]
await Promise.all(connections.map(({ connected }) => connected))
after(async () => void (await Promise.all(connections.map((redis) => redis.close()))))

/** Windows that do not end while a slow machine asks. */
const counters = () => {
  const prefix = `test-${randomUUID()}:`
  return connections.map((redis) => {
    const limits = redisRateLimits(redis, prefix)
    return {
      ...limits,
      take: (limit: Parameters<typeof limits.take>[0], key: string, points?: number) =>
        limits.take({ ...limit, seconds: 60 }, key, points),
    }
  })
}

test('two edges share the limit of a user, of an app and of an address', async () => {
  for (const [limits, policy] of [
    [{ userRequestsPerSecond: 3 }, 'user'],
    [{ appRequestsPerSecond: 3 }, 'app'],
    [{ addressRequestsPerSecond: 3 }, 'address'],
  ] as const) {
    const edges = await Promise.all(counters().map((rateLimits) => restFixture({ rateLimits, limits })))
    const token = await edges[0]!.token('ana')
    const answers = []
    for (let i = 0; i < 8; i++) {
      answers.push(await edges[i % 2]!.call('GET', '/v1/conversations', { token, peer: '198.51.100.1' }))
    }
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200, 200, 200, 200, 429, 429],
    )
    for (const { headers, body } of answers.slice(6)) {
      assert.deepEqual(body['violated-policies'], [policy])
      assert.match(headers.get('ratelimit') ?? '', new RegExp(`"${policy}";r=0;t=\\d+`))
    }
  }
})

test('two edges share what a user may send over sessions', async () => {
  const edges = counters().map(
    (limits) => new SendLimits({ counters: limits, directory: fakeDirectory(), userPerSecond: 50, appPerSecond: 0 }),
  )
  const granted = []
  for (let i = 0; i < 6; i++) granted.push((await edges[i % 2]!.portion({ kind: 'user', key: 'demo ana' }, 30)).granted)
  assert.deepEqual(granted, [30, 30, 30, 10, 0, 0])
})

test('with Redis gone nobody is refused for that, and each edge goes on counting', async () => {
  const gone = openRedis({ nodes })
  await gone.connected
  const rateLimits = redisRateLimits(gone, `test-${randomUUID()}:`)
  const edge = await restFixture({ rateLimits, limits: { userRequestsPerSecond: 1_000 } })
  const token = await edge.token('ana')
  const left = async () => {
    const { status, headers } = await edge.call('GET', '/v1/conversations', { token })
    return [status, headers.get('ratelimit')?.replace(/;t=.*/, '')]
  }
  assert.deepEqual(await left(), [200, '"user";r=1999'])
  await gone.close()
  assert.deepEqual(await left(), [200, '"user";r=1999'])
})
