import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { LogId, Offset } from '@chat4all/protocol'
import { openSegmentFiles } from './segment-files.js'

const log = 'killed' as LogId
const sizes = { firstBytes: 64 * 1024, maxBytes: 512 * 1024 }
const entry = (n: number): Buffer => Buffer.alloc(1 + ((n * 7_919) % 9_000), `${n};`)
const CHILD_FOLDER = 'CHAT4ALL_TEST_LOG_FOLDER'

const childFolder = process.env[CHILD_FOLDER]
if (childFolder !== undefined) await appendUntilKilled(childFolder)
else {
  test('kill -9 under load: every acknowledged entry is there, once and in order', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'chat4all-kill-'))
    try {
      for (let round = 0; round < 3; round++) {
        const acknowledged = await appendAndKill(folder)
        const logs = await openSegmentFiles({ folder, sizes })
        const entries = await logs.read(log, 0 as Offset, 1_000_000)
        assert.ok(entries.length >= acknowledged, `${acknowledged} acknowledged, ${entries.length} found`)
        for (const [n, bytes] of entries.entries()) assert.ok(entry(n).equals(bytes), `entry ${n} is another one`)
        await logs.close()
      }
    } finally {
      await rm(folder, { recursive: true })
    }
  })
}

/** Lets a process append until it has told of some hundreds, kills it, and returns how many it had acknowledged. */
async function appendAndKill(folder: string): Promise<number> {
  const child = fork(fileURLToPath(import.meta.url), [], { env: { ...process.env, [CHILD_FOLDER]: folder } })
  let acknowledged = 0
  let told = 0
  child.on('message', (count: number) => {
    acknowledged = count
    if (++told === 300) child.kill('SIGKILL')
  })
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null]
  assert.equal(signal, 'SIGKILL')
  return acknowledged
}

async function appendUntilKilled(folder: string): Promise<void> {
  const logs = await openSegmentFiles({ folder, sizes })
  await logs.open(log)
  let next = (await logs.read(log, 0 as Offset, 1_000_000)).length
  for (;;) {
    await Promise.all([0, 1, 2, 3].map((i) => logs.append(log, (next + i) as Offset, entry(next + i))))
    next += 4
    process.send!(next)
  }
}
