import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { freePort, ServerProcess } from './server-process.js'

describe('chat4all all', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'chat4all-all-'))
  after(() => rmSync(dataDir, { recursive: true }))

  test('--demo prints the address, credentials and links, shows an exchange, stays up, and drains on SIGTERM', async () => {
    const server = ServerProcess.spawn(['all', '--demo', '--data-dir', dataDir], {}, await freePort())
    try {
      await server.wrote(/The server stays up/)
      const secret = readFileSync(join(dataDir, 'demo-secret'), 'utf8').trim()
      assert.equal(statSync(join(dataDir, 'demo-secret')).mode & 0o777, 0o600)
      assert.ok(server.output.includes(`client_secret  ${secret}`))
      assert.ok(server.output.includes(`${server.url}/#user=alice&client_id=demo&secret=${secret}`))
      assert.equal(server.output.match(/#\d+ +(alice|bob) .*✓ sent {2}✓✓ delivered {2}✓✓ read/g)?.length, 5)
      assert.ok((await fetch(`${server.url}/healthz`)).ok)
    } finally {
      assert.equal(await server.end('SIGTERM'), 0)
    }
  })

  test('a wrong configuration is told whole, and exits 78', async () => {
    const server = ServerProcess.spawn(['all', '--nodes', '99'], { CHAT4ALL_LOG_LEVEL: 'loud' }, 0)
    assert.equal(await server.exit(), 78)
    assert.match(server.output, /--nodes: expected a whole number from 1 to 16; got '99'/)
    assert.match(server.output, /CHAT4ALL_LOG_LEVEL: expected one of/)
  })

  test('a second server on the same port, or on the same folder, does not start', async () => {
    const port = await freePort()
    const server = await ServerProcess.spawn(['all', '--data-dir', dataDir], {}, port).ready()
    try {
      const other = mkdtempSync(join(tmpdir(), 'chat4all-all-'))
      const samePort = ServerProcess.spawn(['all', '--data-dir', other], {}, port)
      assert.equal(await samePort.exit(), 1)
      rmSync(other, { recursive: true })
      assert.match(samePort.output, new RegExp(`cannot listen on 127.0.0.1:${port}: the port is in use`))

      const sameFolder = ServerProcess.spawn(['all', '--data-dir', dataDir], {}, await freePort())
      assert.notEqual(await sameFolder.exit(), 0)
      assert.match(sameFolder.output, /is in use by process \d+: stop it first/)
    } finally {
      assert.equal(await server.end('SIGTERM'), 0)
    }
  })

  test('--help lists every setting, the secrets among them', async () => {
    const help = ServerProcess.spawn(['all', '--help'], {}, 0)
    assert.equal(await help.exit(), 0)
    for (const name of ['--data-dir', 'CHAT4ALL_DATA_DIR', 'CHAT4ALL_TOKEN_KEY', 'CHAT4ALL_DRAIN_MS', '--demo']) {
      assert.ok(help.output.includes(name), name)
    }
  })
})
