import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { freePort, ServerProcess } from './server-process.js'

for (const role of ['edge', 'shard-node'] as const) {
  test(`${role}: started before its engines it waits, says for what, lives, and is not ready`, async () => {
    const [port, nobody] = [await freePort(), await freePort()]
    const environment = {
      CHAT4ALL_NODE_ID: 'early',
      CHAT4ALL_CASSANDRA: `127.0.0.1:${nobody}`,
      CHAT4ALL_CONSUL: `http://127.0.0.1:${nobody}`,
      CHAT4ALL_REDIS: `127.0.0.1:${nobody}`,
      CHAT4ALL_TOKEN_KEY: randomBytes(32).toString('base64'),
    }
    const server = ServerProcess.spawn([role], environment, port)
    try {
      await server.wrote(
        /"engine":"Cassandra","where":"127\.0\.0\.1:\d+","since":".*ECONNREFUSED.*Cassandra does not answer: waiting for it/,
      )
      assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
      const ready = await fetch(`${server.url}/readyz`)
      assert.equal(ready.status, 503)
      const { reasons } = (await ready.json()) as { reasons: string[] }
      assert.match(
        reasons.join(),
        new RegExp(`^Cassandra at 127.0.0.1:${nobody} does not answer since 20.*: .*ECONNREFUSED`),
      )
    } finally {
      // Nothing is served, so there is nothing to drain.
      assert.equal(await server.end('SIGTERM'), 143)
    }
  })
}
