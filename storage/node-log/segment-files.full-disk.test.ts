import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { LogId, Offset } from '@chat4all/protocol'
import { onSmallDisk } from '../file-system/small-disk.js'
import { LogFailedError } from './port.js'
import { openSegmentFiles } from './segment-files.js'

const log = 'filled' as LogId
const entry = (n: number): Buffer => Buffer.alloc(10_000, `${n};`)

test('on a file system that is really full, what was acknowledged is kept and nothing more is taken', (t) =>
  onSmallDisk(t, 2, fillUp))

async function fillUp(folder: string): Promise<void> {
  const options = { folder: join(folder, 'log'), sizes: { firstBytes: 256 * 1024, maxBytes: 256 * 1024 } }
  const logs = await openSegmentFiles(options)
  await logs.open(log)
  let acknowledged = 0
  let refusal: unknown
  while (refusal === undefined) {
    refusal = await logs.append(log, acknowledged as Offset, entry(acknowledged)).catch((error: unknown) => error)
    if (refusal === undefined) acknowledged++
  }
  assert.ok(refusal instanceof LogFailedError)
  assert.equal((refusal.cause as NodeJS.ErrnoException).code, 'ENOSPC')
  assert.ok(acknowledged > 150, `the disk was full after ${acknowledged} entries`)
  await assert.rejects(logs.append(log, acknowledged as Offset, entry(acknowledged)), LogFailedError)
  await logs.close().catch((error: unknown) => assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC'))

  const again = await openSegmentFiles(options)
  const entries = await again.read(log, 0 as Offset, 10_000)
  assert.ok(entries.length >= acknowledged)
  for (const [n, bytes] of entries.entries()) assert.ok(entry(n).equals(bytes), `entry ${n} is another one`)
}
