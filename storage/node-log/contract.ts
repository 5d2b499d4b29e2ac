import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogId, Offset } from '@chat4all/protocol'
import type { NodeLogs } from './port.js'

/**
 * What every adapter of NodeLogs promises, as tests. Adapters may be asynchronous and replicated: nothing here relies
 * on timing, on an order of replies, or on a write being visible before it resolved.
 * @param open opens a store of its own, empty
 * @param reopen closes a store and opens the same one again; leave it out for what lives in memory
 */
export function nodeLogContract(
  name: string,
  open: () => Promise<NodeLogs>,
  reopen?: (logs: NodeLogs) => Promise<NodeLogs>,
): void {
  const behaves = (what: string, run: (logs: NodeLogs) => Promise<NodeLogs | undefined>) =>
    test(`node log, ${name}: ${what}`, async () => {
      const logs = await open()
      await ((await run(logs)) ?? logs).close()
    })

  behaves('a log that was never opened is empty and counts as sealed', async (logs) => {
    assert.equal(await logs.isSealed(log), true)
    assert.deepEqual(await logs.read(log, at(0), 10), [])
    assert.deepEqual(await logs.list(), [])
    return undefined
  })

  behaves('an opened log is not sealed, and opening it again changes nothing', async (logs) => {
    await logs.open(log)
    assert.equal(await logs.isSealed(log), false)
    await logs.append(log, at(0), entry(0))
    await logs.open(log)
    assert.equal(await logs.isSealed(log), false)
    assert.deepEqual(await contents(logs), [0])
    assert.deepEqual(await logs.list(), [log])
    return undefined
  })

  behaves('entries are read in order, from any offset, up to the limit', async (logs) => {
    await filled(logs, 20)
    assert.deepEqual(await contents(logs), numbers(0, 20))
    assert.deepEqual(await contents(logs, 7, 5), numbers(7, 12))
    assert.deepEqual(await contents(logs, 19, 5), [19])
    assert.deepEqual(await contents(logs, 20, 5), [])
    assert.deepEqual(await contents(logs, 3, 0), [])
    return undefined
  })

  behaves('appends in flight together all arrive', async (logs) => {
    await logs.open(log)
    await Promise.all(numbers(0, 50).map((n) => logs.append(log, at(n), entry(n))))
    assert.deepEqual(await contents(logs), numbers(0, 50))
    return undefined
  })

  behaves('an entry behind a hole is not read until the hole is filled', async (logs) => {
    await filled(logs, 2)
    const early = logs.append(log, at(3), entry(3))
    assert.deepEqual(await contents(logs), [0, 1])
    await logs.append(log, at(2), entry(2))
    await early
    assert.deepEqual(await contents(logs), numbers(0, 4))
    return undefined
  })

  behaves('the same bytes at the same offset again change nothing', async (logs) => {
    await filled(logs, 3)
    await logs.append(log, at(1), entry(1))
    await Promise.all([logs.append(log, at(3), entry(3)), logs.append(log, at(3), entry(3))])
    assert.deepEqual(await contents(logs), numbers(0, 4))
    return undefined
  })

  behaves('entries of any size come back byte for byte', async (logs) => {
    await logs.open(log)
    const sizes = [0, 1, 27, 28, 29, 511, 512, 4095, 65_536, 300_000]
    const entries = sizes.map((size, i) => Uint8Array.from({ length: size }, (_, at) => (at * 31 + i) & 0xff))
    for (const [i, bytes] of entries.entries()) await logs.append(log, at(i), bytes)
    const read = await logs.read(log, at(0), 100)
    assert.deepEqual(read.map(plain), entries.map(plain))
    return undefined
  })

  behaves('logs do not mix', async (logs) => {
    await logs.open(log)
    await logs.open(other)
    await logs.append(log, at(0), entry(1))
    await logs.append(other, at(0), entry(2))
    await logs.seal(other)
    assert.deepEqual(await contents(logs), [1])
    assert.equal(await logs.isSealed(log), false)
    assert.deepEqual((await logs.list()).sort(), [log, other].sort())
    return undefined
  })

  behaves('a sealed log stays sealed, whoever opens or seals it again', async (logs) => {
    await filled(logs, 2)
    await logs.seal(log)
    assert.equal(await logs.isSealed(log), true)
    await logs.open(log)
    await logs.seal(log)
    assert.equal(await logs.isSealed(log), true)
    assert.deepEqual(await contents(logs), [0, 1])
    return undefined
  })

  behaves('a log sealed before it was opened is sealed', async (logs) => {
    await logs.seal(log)
    await logs.open(log)
    assert.equal(await logs.isSealed(log), true)
    return undefined
  })

  behaves('an append after the seal is refused, or the check that follows it sees the seal', async (logs) => {
    await filled(logs, 1)
    await logs.seal(log)
    const refused = await logs.append(log, at(1), entry(1)).then(
      () => false,
      () => true,
    )
    assert.ok(refused || (await logs.isSealed(log)))
    return undefined
  })

  behaves('what was acknowledged before a clean check is read by who seals afterwards', async (logs) => {
    await logs.open(log)
    const sealed = (async () => {
      await logs.append(log, at(0), entry(0))
      await logs.seal(log)
      return contents(logs)
    })()
    let committed = 0
    for (let n = 0; n < 20; n++) {
      const appended = await logs.append(log, at(n), entry(n)).then(
        () => true,
        () => false,
      )
      if (!appended || (await logs.isSealed(log))) break
      committed = n + 1
    }
    const seen = await sealed
    assert.ok(seen.length >= committed, `${committed} entries were committed, the recoverer saw ${seen.length}`)
    return undefined
  })

  behaves('an entry read can be written back', async (logs) => {
    await filled(logs, 3)
    await logs.seal(log)
    for (const [n, bytes] of (await logs.read(log, at(0), 10)).entries()) await logs.writeBack(log, at(n), bytes)
    assert.deepEqual(await contents(logs), numbers(0, 3))
    return undefined
  })

  behaves('the first proposal of an end wins, for ever', async (logs) => {
    await filled(logs, 5)
    await logs.seal(log)
    assert.equal(await logs.endOf(log), undefined)
    const ends = await Promise.all([4, 5, 3].map((end) => logs.decideEnd(log, at(end))))
    assert.equal(new Set(ends).size, 1)
    assert.ok([3, 4, 5].includes(ends[0]!))
    assert.equal(await logs.decideEnd(log, at(5)), ends[0])
    assert.equal(await logs.decideEnd(log, at(0)), ends[0])
    assert.equal(await logs.endOf(log), ends[0])
    return undefined
  })

  behaves('cursors begin at 0, are apart from each other, and never fall', async (logs) => {
    await filled(logs, 5)
    assert.deepEqual(await logs.cursors(log), { materialised: 0, published: 0 })
    await Promise.all([3, 4, 2].map((cursor) => logs.saveCursor(log, 'materialised', at(cursor))))
    assert.deepEqual(await logs.cursors(log), { materialised: 4, published: 0 })
    await logs.saveCursor(log, 'materialised', at(1))
    await logs.saveCursor(log, 'published', at(2))
    assert.deepEqual(await logs.cursors(log), { materialised: 4, published: 2 })
    return undefined
  })

  behaves('what is at or above the drop stays', async (logs) => {
    await filled(logs, 300, 1_000)
    await logs.saveCursor(log, 'materialised', at(250))
    await logs.saveCursor(log, 'published', at(250))
    await logs.dropBelow(log, at(250))
    const kept = await logs.read(log, at(250), 100)
    assert.deepEqual(
      kept.map(plain),
      numbers(250, 300).map((n) => plain(entry(n, 1_000))),
    )
    await logs.append(log, at(300), entry(300))
    assert.deepEqual(await contents(logs, 300), [300])
    // Below, an entry is there or it is not; another one never is in its place.
    const below = await logs.read(log, at(10), 1)
    assert.ok(below.length === 0 || Buffer.compare(below[0]!, entry(10, 1_000)) === 0)
    return undefined
  })

  behaves('of a log dropped up to its end, only the end and the cursors are remembered', async (logs) => {
    await filled(logs, 3)
    await logs.seal(log)
    await logs.decideEnd(log, at(3))
    await logs.saveCursor(log, 'materialised', at(3))
    await logs.saveCursor(log, 'published', at(3))
    await logs.dropBelow(log, at(3))
    assert.deepEqual(await logs.list(), [])
    assert.equal(await logs.isSealed(log), true)
    assert.equal(await logs.decideEnd(log, at(7)), 3)
    assert.equal((await logs.cursors(log)).materialised, 3)
    return undefined
  })

  if (reopen === undefined) return

  behaves('everything is there after a restart', async (logs) => {
    await filled(logs, 20)
    await logs.saveCursor(log, 'materialised', at(6))
    await logs.open(other)
    await logs.seal(other)
    await logs.decideEnd(other, at(0))
    const again = await reopen(logs)
    assert.deepEqual(await contents(again), numbers(0, 20))
    assert.equal(await again.isSealed(log), false)
    assert.deepEqual(await again.cursors(log), { materialised: 6, published: 0 })
    assert.equal(await again.isSealed(other), true)
    assert.equal(await again.decideEnd(other, at(1)), 0)
    assert.deepEqual((await again.list()).sort(), [log, other].sort())
    return again
  })

  behaves('a log goes on after a restart', async (logs) => {
    await filled(logs, 5)
    const again = await reopen(logs)
    await again.append(log, at(4), entry(4))
    await again.append(log, at(5), entry(5))
    assert.deepEqual(await contents(again), numbers(0, 6))
    const third = await reopen(again)
    assert.deepEqual(await contents(third), numbers(0, 6))
    return third
  })

  behaves('who asks for the end of a log that another recovered may drop it whole', async (logs) => {
    await filled(logs, 3)
    await logs.seal(log)
    await logs.decideEnd(log, at(3))
    await logs.saveCursor(log, 'materialised', at(3))
    await logs.saveCursor(log, 'published', at(3))
    const again = await reopen(logs)
    assert.deepEqual(await again.list(), [log])
    assert.equal(await again.endOf(log), 3)
    await again.dropBelow(log, at(3))
    assert.deepEqual(await again.list(), [])
    assert.equal(await again.isSealed(log), true)
    assert.equal(await again.decideEnd(log, at(9)), 3)
    return again
  })

  behaves('a dropped log stays dropped after a restart', async (logs) => {
    await filled(logs, 3)
    await logs.seal(log)
    await logs.decideEnd(log, at(3))
    await logs.saveCursor(log, 'materialised', at(3))
    await logs.saveCursor(log, 'published', at(3))
    await logs.dropBelow(log, at(3))
    const again = await reopen(logs)
    assert.deepEqual(await again.list(), [])
    assert.equal(await again.isSealed(log), true)
    assert.equal(await again.decideEnd(log, at(9)), 3)
    return again
  })
}

const log = 'node-1.first' as LogId
const other = 'node-1.second' as LogId
const at = (n: number): Offset => n as Offset
const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)
const plain = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

function entry(n: number, size = 40): Uint8Array {
  const bytes = new Uint8Array(size).fill(n & 0xff)
  new DataView(bytes.buffer).setUint32(0, n)
  return bytes
}

async function filled(logs: NodeLogs, count: number, size?: number): Promise<void> {
  await logs.open(log)
  for (let n = 0; n < count; n++) await logs.append(log, at(n), entry(n, size))
}

/** The numbers of the entries that a read returns. */
async function contents(logs: NodeLogs, from = 0, limit = 1_000): Promise<number[]> {
  const entries = await logs.read(log, at(from), limit)
  return entries.map((bytes) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0))
}
