import { App, type TemplatedApp } from 'uWebSockets.js'
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { Registry } from 'prom-client'
import { mountHealth } from './health-routes.js'
import { listen, urlOf } from './listen.js'
import { mountMetrics } from './metrics-route.js'
import { mountForOperators } from './operator-access.js'
import { mountRing } from './ring-route.js'
import { mountWebFiles } from './web-files.js'

const METRICS_TOKEN = 'sixteen-letters!'
const LONG_SCRIPT = `console.log('${'x'.repeat(5000)}')`

describe('the HTTP surface', () => {
  let folder: string
  let app: TemplatedApp
  let url: string
  let port: number
  let reasons: string[] = []

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'chat4all-web-'))
    const web = join(folder, 'web')
    mkdirSync(join(web, 'assets'), { recursive: true })
    writeFileSync(join(folder, 'secret.txt'), 'secret')
    writeFileSync(join(web, 'index.html'), '<h1>chat</h1>')
    writeFileSync(join(web, '.env'), 'secret')
    writeFileSync(join(web, 'notes.docx'), 'secret')
    writeFileSync(join(web, 'assets', 'app-4F2K9QZ1.js'), LONG_SCRIPT)
    app = App()
    mountHealth(app, () => reasons)
    mountMetrics(app, new Registry(), {
      token: METRICS_TOKEN,
      isServiceToken: async (token) => {
        if (token === 'explode') throw new Error('the directory is gone')
        return token === 'service'
      },
    })
    mountRing(app, () => Promise.reject(new Error('nobody may read it')), { token: METRICS_TOKEN })
    const closed = { path: '/closed', what: 'All', read: async () => {}, tell() {}, failed() {} }
    mountForOperators(app, closed, { token: undefined })
    assert.equal(mountWebFiles(app, web, { hstsSeconds: 60 }), 2)
    port = (await listen(app, '127.0.0.1', 0)).port
    url = urlOf('127.0.0.1', port)
  })
  after(() => {
    app.close()
    rmSync(folder, { recursive: true })
  })

  test('/healthz says that the process lives; /readyz whether it can serve, else why not', async () => {
    assert.deepEqual(await (await fetch(`${url}/healthz`)).json(), { status: 'ok' })
    assert.equal((await fetch(`${url}/readyz`)).status, 200)
    reasons = ['draining']
    const response = await fetch(`${url}/readyz`)
    assert.deepEqual([response.status, await response.json()], [503, { status: 'not ready', reasons: ['draining'] }])
    assert.equal((await fetch(`${url}/readyz`, { method: 'HEAD' })).status, 503)
  })

  test('/metrics is for the metrics token and service tokens only', async () => {
    const status = async (token?: string) => {
      const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
      return (await fetch(`${url}/metrics`, { headers })).status
    }
    const tokens = [undefined, 'wrong', METRICS_TOKEN, 'service', 'explode']
    assert.deepEqual(await Promise.all(tokens.map(status)), [401, 401, 200, 200, 500])
  })

  test('whoever may not read what is for operators hears which tokens open it, and of no others', async () => {
    const detail = async (path: string) => ((await (await fetch(url + path)).json()) as { detail: string }).detail
    const metrics = 'Metrics need a bearer token: CHAT4ALL_METRICS_TOKEN or a service token of an app.'
    assert.equal(await detail('/metrics'), metrics)
    assert.equal(await detail('/ring'), 'Slots need a bearer token: CHAT4ALL_METRICS_TOKEN.')
    assert.equal(
      await detail('/closed'),
      'All need a bearer token: CHAT4ALL_METRICS_TOKEN, which this process was not given.',
    )
  })

  test('the page is served with its type, asks the browser to look again, and confines what it may load', async () => {
    const response = await fetch(`${url}/`)
    assert.equal(await response.text(), '<h1>chat</h1>')
    assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8')
    assert.equal(response.headers.get('cache-control'), 'no-cache')
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
    assert.match(response.headers.get('content-security-policy')!, /default-src 'none'; script-src 'self';/)
    assert.match(response.headers.get('content-security-policy')!, /frame-ancestors 'none'/)
    assert.equal(response.headers.get('strict-transport-security'), 'max-age=60')
    assert.equal(response.headers.get('referrer-policy'), 'no-referrer')
    const again = await fetch(`${url}/`, { headers: { 'if-none-match': response.headers.get('etag')! } })
    assert.deepEqual([again.status, await again.text()], [304, ''])
  })

  test('files with a hash in their name are kept for ever, and compressed for who takes it', async () => {
    const get = (encoding: string) => rawGet('/assets/app-4F2K9QZ1.js', `accept-encoding: ${encoding}\r\n`)
    const zipped = await get('br, gzip')
    assert.match(zipped.head, /content-type: text\/javascript; charset=utf-8/)
    assert.match(zipped.head, /cache-control: public, max-age=31536000, immutable/)
    assert.match(zipped.head, /content-encoding: gzip/)
    assert.equal(gunzipSync(zipped.body).toString(), LONG_SCRIPT)
    assert.equal((await get('identity')).body.toString(), LONG_SCRIPT)
    assert.equal((await get('gzip;q=0')).body.toString(), LONG_SCRIPT)
  })

  test('HEAD tells the length and sends no body', async () => {
    const response = await fetch(`${url}/`, { method: 'HEAD' })
    assert.deepEqual([response.headers.get('content-length'), await response.text()], ['13', ''])
  })

  for (const path of [
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/..%5c..%5csecret.txt',
    '//etc/passwd',
    '/.env',
    '/notes.docx',
    '/nothing',
    '/%',
    '/assets',
  ]) {
    test(`GET ${path} finds nothing`, async () => {
      const { head, body } = await rawGet(path)
      assert.match(head, /^HTTP\/1.1 404 Not Found/)
      assert.doesNotMatch(body.toString(), /secret|root:/)
    })
  }

  test('a port that is in use is an error, not a share of the connections', async () => {
    await assert.rejects(listen(App(), '127.0.0.1', port), /cannot listen on 127\.0\.0\.1:\d+: the port is in use/)
  })

  /** Without the path and header manners of fetch. */
  function rawGet(path: string, headers = ''): Promise<{ head: string; body: Buffer }> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = []
      connect(port, '127.0.0.1')
        .on('error', reject)
        .on('data', (chunk) => chunks.push(chunk))
        .on('close', () => {
          const whole = Buffer.concat(chunks)
          const end = whole.indexOf('\r\n\r\n')
          resolve({ head: whole.subarray(0, end).toString(), body: whole.subarray(end + 4) })
        })
        .write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${headers}\r\n`)
    })
  }
})

test('without a built web chat, / says how to build it', async () => {
  const app = App()
  assert.equal(mountWebFiles(app, join(tmpdir(), 'no such folder')), 0)
  const { port } = await listen(app, '127.0.0.1', 0)
  const response = await fetch(urlOf('127.0.0.1', port))
  assert.match(await response.text(), /not built/)
  app.close()
})
