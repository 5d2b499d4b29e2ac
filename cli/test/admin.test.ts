import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { requestToken } from '@chat4all/sdk/node'
import { freePort, ServerProcess } from './server-process.js'

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url))
const ADMIN_TOKEN = 'the-token-of-the-operator-in-this-test'

describe('chat4all admin apps', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'chat4all-admin-'))
  let server: ServerProcess

  before(async () => {
    const environment = { CHAT4ALL_DATA_DIR: dataDir, CHAT4ALL_ADMIN_TOKEN: ADMIN_TOKEN, CHAT4ALL_LOG_LEVEL: 'error' }
    server = await ServerProcess.spawn(['all'], environment, await freePort()).ready()
  })
  after(async () => {
    assert.equal(await server.end('SIGTERM'), 0)
    rmSync(dataDir, { recursive: true })
  })

  function admin(args: readonly string[], token = ADMIN_TOKEN): Promise<{ code: number; output: string }> {
    return new Promise((resolve) => {
      const env = { ...process.env, CHAT4ALL_URL: server.url, CHAT4ALL_ADMIN_TOKEN: token }
      execFile(process.execPath, [MAIN, 'admin', 'apps', ...args], { env }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr })
      })
    })
  }
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape.
  async function json(...args: string[]): Promise<any> {
    const { code, output } = await admin([...args, '--json'])
    assert.equal(code, 0, output)
    return JSON.parse(output)
  }
  const tokenWith = (clientSecret: string) => requestToken(server.url, { clientId: 'shop', clientSecret, user: 'ana' })

  test('an app is created, its secret rotated with an overlap and revoked, the app disabled and enabled', async () => {
    const { client_secret: first } = await json('create', 'shop', '--name', 'Shop')
    await tokenWith(first)
    const twice = await admin(['create', 'shop'])
    assert.deepEqual([twice.code, /CONFLICT: The app shop exists/.test(twice.output)], [1, true], twice.output)

    const { client_secret: second, previous_expires } = await json('rotate-secret', 'shop', '--overlap', '3600')
    assert.ok(previous_expires > Date.now() + 3_500_000)
    await tokenWith(first)
    await tokenWith(second)

    const { secrets } = await json('show', 'shop')
    assert.equal(secrets.length, 2)
    await json('revoke-secret', 'shop', secrets[0].secret_id)
    await assert.rejects(tokenWith(first), { code: 'UNAUTHENTICATED' })
    await tokenWith(second)

    await json('disable', 'shop')
    await assert.rejects(tokenWith(second), { code: 'UNAUTHENTICATED' })
    await json('enable', 'shop')
    await tokenWith(second)

    const { output } = await admin(['list'])
    assert.match(output, /^shop {2}Shop$/m)
  })

  test('a quota is set, shown and felt', async () => {
    const { client_secret } = await json('create', 'small')
    const { quotas } = await json('quota', 'small', '--user-requests-per-second', '2')
    assert.deepEqual(quotas, { user_requests_per_second: 2 })
    assert.match((await admin(['show', 'small'])).output, /2 requests per second of each user/)
    const { accessToken } = await requestToken(server.url, {
      clientId: 'small',
      clientSecret: client_secret,
      user: 'ana',
    })
    const ask = () => fetch(`${server.url}/v1/conversations`, { headers: { authorization: `Bearer ${accessToken}` } })
    const statuses = (await Promise.all(Array.from({ length: 12 }, ask))).map(({ status }) => status)
    assert.ok(statuses.includes(200) && statuses.includes(429), statuses.join())
  })

  test('a wrong token, or a server that is not there, is told in a line', async () => {
    const wrong = await admin(['list'], 'not-the-token')
    assert.deepEqual([wrong.code, /UNAUTHENTICATED: This is not the admin token/.test(wrong.output)], [1, true])
    const nowhere = await admin(['list', '--url', 'http://127.0.0.1:9'])
    assert.equal(nowhere.code, 1)
    assert.match(nowhere.output, /does not answer/)
    assert.doesNotMatch(nowhere.output, /\n {4}at /)
  })
})
