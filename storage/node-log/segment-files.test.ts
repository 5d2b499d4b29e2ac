import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { LogId, Offset } from '@chat4all/protocol'
import { failure, SimulatedFileSystem } from '../file-system/simulated.js'
import { nodeLogContract } from './contract.js'
import { CorruptLogError, LogFailedError, type NodeLogs } from './port.js'
import { openSegmentFiles, type TornTail } from './segment-files.js'

// Small segments, so that every test crosses many of them.
const sizes = { firstBytes: 4 * 1024, maxBytes: 16 * 1024 }
const folders = new Map<NodeLogs, string>()

after(() => Promise.all([...folders.values()].map((folder) => rm(folder, { recursive: true, force: true }))))

async function openIn(folder: string): Promise<NodeLogs> {
  const logs = await openSegmentFiles({ folder, sizes })
  folders.set(logs, folder)
  return logs
}

nodeLogContract(
  'segment files',
  async () => openIn(await mkdtemp(join(tmpdir(), 'chat4all-log-'))),
  async (logs) => {
    await logs.close()
    return openIn(folders.get(logs)!)
  },
)

const disks = new Map<NodeLogs, SimulatedFileSystem>()

async function openOn(disk: SimulatedFileSystem, onTornTail?: (torn: TornTail) => void): Promise<NodeLogs> {
  const logs = await openSegmentFiles({ folder: '/log', sizes, fileSystem: disk, ...(onTornTail && { onTornTail }) })
  disks.set(logs, disk)
  return logs
}

nodeLogContract(
  'segment files on a simulated disk',
  () => openOn(new SimulatedFileSystem()),
  async (logs) => openOn(disks.get(logs)!.crash(() => 0)),
)

const log = 'a-log' as LogId
const at = (n: number): Offset => n as Offset
const entry = (n: number, size = 100): Buffer => Buffer.alloc(size, `${n};`)

async function filled(disk: SimulatedFileSystem, count: number, size?: number): Promise<NodeLogs> {
  const logs = await openOn(disk)
  await logs.open(log)
  for (let n = 0; n < count; n++) await logs.append(log, at(n), entry(n, size))
  return logs
}

async function mustHold(logs: NodeLogs, count: number, size?: number): Promise<void> {
  const entries = await logs.read(log, at(0), count + 10)
  assert.deepEqual(
    entries.map((bytes) => Buffer.from(bytes).toString()),
    Array.from({ length: count }, (_, n) => entry(n, size).toString()),
  )
}

test('appends that arrive during a write share the next one', async () => {
  const disk = new SimulatedFileSystem()
  const logs = await filled(disk, 1)
  const writes: number[] = []
  let during: Promise<void>[] | undefined
  disk.fault = ({ kind, durable, bytes }) => {
    if (kind !== 'write' || durable !== true) return undefined
    writes.push(bytes!)
    during ??= [2, 3, 4].map((n) => logs.append(log, at(n), entry(n)))
    return undefined
  }
  await logs.append(log, at(1), entry(1))
  await Promise.all(during!)
  assert.deepEqual(writes, [128, 3 * 128])
  await mustHold(logs, 5)
})

test('an entry is never acknowledged before the one below it', async () => {
  const logs = await filled(new SimulatedFileSystem(), 0)
  const order: number[] = []
  const append = (n: number) => logs.append(log, at(n), entry(n)).then(() => order.push(n))
  await Promise.all([append(3), append(1), append(2), append(0)])
  assert.deepEqual(order, [0, 1, 2, 3])
})

test('an offset that was written is refused other bytes, during the write and after it', async () => {
  const logs = await filled(new SimulatedFileSystem(), 1)
  const first = logs.append(log, at(1), entry(1))
  await assert.rejects(logs.append(log, at(1), entry(7)), /written once/)
  await first
  await assert.rejects(logs.append(log, at(1), entry(7)), /written once/)
  await mustHold(logs, 2)
})

test('an entry far ahead of the log is refused at once', async () => {
  const logs = await filled(new SimulatedFileSystem(), 1)
  await assert.rejects(logs.append(log, at(5_000), entry(1)), /the next one is 1/)
})

test('a write that comes short is gone on with', async () => {
  const disk = new SimulatedFileSystem()
  const logs = await filled(disk, 1)
  disk.fault = ({ kind, durable }) => (kind === 'write' && durable ? 50 : undefined)
  await logs.append(log, at(1), entry(1))
  await logs.append(log, at(2), entry(2))
  await mustHold(logs, 3)
  await mustHold(await openOn(disk.crash(() => 0)), 3)
})

for (const code of ['ENOSPC', 'EIO']) {
  test(`after ${code} the log takes nothing more, says why, and keeps what was acknowledged`, async () => {
    const disk = new SimulatedFileSystem()
    const failures: Error[] = []
    const logs = await openSegmentFiles({
      folder: '/log',
      sizes,
      fileSystem: disk,
      onLogFailed: (error) => failures.push(error),
    })
    await logs.open(log)
    await logs.append(log, at(0), entry(0))
    const refused = (error: unknown) =>
      error instanceof LogFailedError && (error.cause as NodeJS.ErrnoException).code === code
    disk.fault = ({ kind, path }) => (kind === 'write' ? failure(code, path) : undefined)
    await Promise.all([1, 2, 3].map((n) => assert.rejects(logs.append(log, at(n), entry(n)), refused)))
    // The disk works again, and that proves nothing about what the failed write left behind.
    disk.fault = () => undefined
    await assert.rejects(logs.append(log, at(1), entry(1)), refused)
    assert.equal(failures.length, 1)
    await mustHold(logs, 1)
    await logs.close()
    // Nothing was acknowledged beyond 0; parts of the failed write may be found, and are cut off.
    await mustHold(await openOn(disk.crash(() => 0)), 1)
  })
}

test('a disk that is full while the next segment is prepared stops the log only when it needs the segment', async () => {
  const disk = new SimulatedFileSystem()
  const logs = await filled(disk, 1)
  disk.fault = ({ kind, path }) =>
    kind === 'write' && path !== '/log/a-log/00000001.segment' ? failure('ENOSPC', path) : undefined
  let stored = 1
  const failed = await (async () => {
    for (;;) {
      const error = await logs.append(log, at(stored), entry(stored)).catch((reason: unknown) => reason)
      if (error !== undefined) return error
      stored++
    }
  })()
  assert.ok(failed instanceof LogFailedError)
  assert.equal(stored, Math.floor(sizes.firstBytes / 128))
  await mustHold(await openOn(disk.crash(() => 0)), stored)
})

test('a disk that had room again in time costs nothing', async () => {
  const disk = new SimulatedFileSystem()
  const logs = await filled(disk, 20)
  disk.fault = ({ kind, durable, path }) => (kind === 'write' && !durable ? failure('ENOSPC', path) : undefined)
  await logs.append(log, at(20), entry(20))
  disk.fault = () => undefined
  for (let n = 21; n < 200; n++) await logs.append(log, at(n), entry(n))
  await mustHold(logs, 200)
})

test('a torn tail is cut off, reported with its place, and the log goes on from there', async () => {
  const disk = new SimulatedFileSystem()
  const logs = await filled(disk, 3, 2_000)
  disk.fault = ({ kind, durable }) => (kind === 'write' && durable ? 700 : undefined)
  let crashed: SimulatedFileSystem | undefined
  const shortThenDead = disk.fault
  disk.fault = (call) => {
    const short = shortThenDead(call)
    if (short !== undefined)
      disk.fault = () => {
        crashed = disk.crash(() => 0)
        return undefined
      }
    return short
  }
  await assert.rejects(logs.append(log, at(3), entry(3, 2_000)))
  const torn: TornTail[] = []
  const again = await openOn(crashed!, (tail) => torn.push(tail))
  // Entries 0 and 1 fill the first segment, so entry 3 follows entry 2 in the second.
  assert.deepEqual(torn, [{ log, file: '/log/a-log/00000002.segment', position: 2_028, offset: 3 }])
  await mustHold(again, 3, 2_000)
  await again.append(log, at(3), entry(3, 2_000))
  await again.append(log, at(4), entry(4, 2_000))
  await again.close()
  const third = await openOn(crashed!, (tail) => torn.push(tail))
  await mustHold(third, 5, 2_000)
  assert.equal(torn.length, 1)
})

test('a damaged record with others behind it is reported with its place, never skipped', async () => {
  for (const position of [0, 5, 9, 17, 25, 28, 127]) {
    const disk = new SimulatedFileSystem()
    await filled(disk, 20)
    const after = disk.crash(() => 0)
    after.damage('/log/a-log/00000001.segment', 128 * 7 + position)
    await assert.rejects(openOn(after), (error: unknown) => {
      assert.ok(error instanceof CorruptLogError)
      assert.equal(error.file, '/log/a-log/00000001.segment')
      assert.equal(error.position, 128 * 7)
      return true
    })
  }
})

test('damage at the end of one segment is found through the next one', async () => {
  const disk = new SimulatedFileSystem()
  await filled(disk, 40)
  const after = disk.crash(() => 0)
  after.damage('/log/a-log/00000001.segment', 128 * 31 + 40)
  await assert.rejects(openOn(after), { name: 'CorruptLogError', position: 128 * 31 })
})

test('the first record damaged is no log that begins later', async () => {
  const disk = new SimulatedFileSystem()
  await filled(disk, 2)
  const after = disk.crash(() => 0)
  after.damage('/log/a-log/00000001.segment', 3)
  await assert.rejects(openOn(after), { name: 'CorruptLogError', position: 0 })
})

test('the last record damaged is found after an orderly close, or when a cursor has passed it', async () => {
  const closed = new SimulatedFileSystem()
  await (await filled(closed, 10)).close()
  closed.damage('/log/a-log/00000001.segment', 128 * 9 + 60)
  await assert.rejects(openOn(closed), { name: 'CorruptLogError', position: 128 * 9 })

  const killed = new SimulatedFileSystem()
  await (await filled(killed, 10)).saveCursor(log, 'materialised', at(10))
  const after = killed.crash(() => 0)
  after.damage('/log/a-log/00000001.segment', 128 * 9 + 60)
  await assert.rejects(openOn(after), { name: 'CorruptLogError', position: 128 * 9 })
})

test('a segment that is gone is reported', async () => {
  for (const number of [1, 2]) {
    const disk = new SimulatedFileSystem()
    await filled(disk, 250)
    const after = disk.crash(() => 0)
    await after.removeFile(`/log/a-log/0000000${number}.segment`)
    await assert.rejects(openOn(after), CorruptLogError)
  }
})

test('damage that appears while the log is open is reported by the read', async () => {
  const disk = new SimulatedFileSystem()
  const logs = await filled(disk, 10)
  disk.damage('/log/a-log/00000001.segment', 128 * 4 + 60)
  await assert.rejects(logs.read(log, at(0), 100), { name: 'CorruptLogError', position: 128 * 4 })
})

test('a record of another log in the place of an own one is damage', async () => {
  const disk = new SimulatedFileSystem()
  const logs = await filled(disk, 3)
  const other = 'b-log' as LogId
  await logs.open(other)
  for (let n = 0; n < 3; n++) await logs.append(other, at(n), entry(n))
  await logs.close()
  const source = await disk.openFile('/log/b-log/00000001.segment', 'read')
  const bytes = Buffer.alloc(128)
  await source.read(bytes, 128)
  const target = await disk.openFile('/log/a-log/00000001.segment', 'durable')
  await target.write([bytes], 128)
  await assert.rejects(openOn(disk), { name: 'CorruptLogError', position: 128 })
})

test('segments go when their entries are all below the drop, and only then', async () => {
  const disk = new SimulatedFileSystem()
  const logs = await filled(disk, 250)
  const before = (await disk.listFolder('/log/a-log'))!.filter((name) => name.endsWith('.segment'))
  await assert.rejects(logs.dropBelow(log, at(200)), /its view has got to 0 only/)
  await logs.saveCursor(log, 'materialised', at(200))
  await logs.dropBelow(log, at(31))
  assert.equal((await logs.read(log, at(0), 1)).length, 1)
  await logs.dropBelow(log, at(200))
  assert.deepEqual(await logs.read(log, at(0), 10), [])
  const left = (await disk.listFolder('/log/a-log'))!.filter((name) => name.endsWith('.segment'))
  assert.ok(left.length < before.length)
  const again = await openOn(disk.crash(() => 0))
  const kept = await again.read(log, at(200), 100)
  assert.deepEqual(
    kept.map(String),
    Array.from({ length: 50 }, (_, i) => entry(200 + i).toString()),
  )
})

test('the files of a dropped log go, wherever a crash interrupts that', async () => {
  for (let removal = 1; ; removal++) {
    const disk = new SimulatedFileSystem()
    const logs = await filled(disk, 50)
    await logs.seal(log)
    await logs.decideEnd(log, at(50))
    await logs.saveCursor(log, 'materialised', at(50))
    let after: SimulatedFileSystem | undefined
    let removals = 0
    disk.fault = ({ kind, path }) => {
      if (kind === 'remove' && path.endsWith('.segment') && ++removals === removal) after = disk.crash(() => 0.5)
      return undefined
    }
    const dropped = await logs.dropBelow(log, at(50)).then(
      () => true,
      () => false,
    )
    const again = await openOn(after ?? disk.crash(() => 0))
    if ((await again.list()).length > 0) await again.dropBelow(log, at(50))
    assert.deepEqual(await again.list(), [])
    assert.deepEqual(await disks.get(again)!.listFolder('/log/a-log'), ['state'])
    assert.equal(await again.decideEnd(log, at(1)), 50)
    if (dropped) {
      assert.ok(removal > 2)
      return
    }
  }
})

test('a name that a file system would not take is refused, any other log is found again', async () => {
  const disk = new SimulatedFileSystem()
  const logs = await openOn(disk)
  const names = ['a/b', '..', '.', 'Ärger 1', 'x%2fy', 'node*1'] as LogId[]
  for (const name of names) await logs.open(name)
  await assert.rejects(logs.open('' as LogId), RangeError)
  await assert.rejects(logs.open('x'.repeat(201) as LogId), RangeError)
  const again = await openOn(disk.crash(() => 0))
  assert.deepEqual((await again.list()).sort(), names.sort())
})

test('after close nothing works, and closing twice is fine', async () => {
  const logs = await filled(new SimulatedFileSystem(), 1)
  await logs.close()
  await logs.close()
  await assert.rejects(logs.append(log, at(1), entry(1)), /closed/)
  await assert.rejects(logs.read(log, at(0), 1), /closed/)
})
