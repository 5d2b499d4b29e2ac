import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort, ServerProcess } from './server-process.js'

test('a damaged file is named, and the exit code is that of storage, not of a bug', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'chat4all-damaged-'))
  t.after(() => rmSync(dataDir, { recursive: true }))
  const port = await freePort()
  const environment = { CHAT4ALL_DATA_DIR: dataDir }
  const first = await ServerProcess.spawn(['all'], environment, port).ready()
  assert.equal(await first.end('SIGTERM'), 0)

  const slots = join(dataDir, 'slots.json')
  writeFileSync(slots, readFileSync(slots, 'utf8').replace('"', '#'))
  const second = ServerProcess.spawn(['all'], environment, port)
  assert.equal(await second.exit(), 74)
  assert.match(second.output, /slots\.json is damaged: its checksum does not match/)
  assert.doesNotMatch(second.output, /a fault that nobody expected/)
})

test('a view that is gone is told: the server does not begin anew over what was said', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'chat4all-view-gone-'))
  t.after(() => rmSync(dataDir, { recursive: true }))
  const port = await freePort()
  const environment = { CHAT4ALL_DATA_DIR: dataDir }
  const first = await ServerProcess.spawn(['all'], environment, port).ready()
  assert.equal(await first.end('SIGTERM'), 0)

  rmSync(join(dataDir, 'view'), { recursive: true })
  const second = ServerProcess.spawn(['all'], environment, port)
  assert.equal(await second.exit(), 74)
  assert.match(second.output, /view is damaged: it is missing/)
})
