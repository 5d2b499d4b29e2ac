import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogId, Offset } from '@chat4all/protocol'
import fc from 'fast-check'
import { SimulatedFileSystem } from '../file-system/simulated.js'
import type { NodeLogs } from './port.js'
import { openSegmentFiles } from './segment-files.js'

/**
 * The power fails at any call to the file system, again and again, and what was not synced is torn sector by sector.
 * Whatever was acknowledged must be there, and no tear may be taken for damage.
 */

type Step =
  | { readonly do: 'append'; readonly sizes: readonly number[] }
  | { readonly do: 'save-cursor'; readonly share: number }
  | { readonly do: 'drop'; readonly share: number }
  | { readonly do: 'seal' }
  | { readonly do: 'close' }

/** In [0, 1), evenly: doubles as fast-check draws them are nearly all tiny. */
const share = fc.nat(999).map((n) => n / 1_000)

// Small ones mostly: of a write torn into sectors, some entries must survive whole.
const size = fc.oneof({ weight: 3, arbitrary: fc.nat(300) }, { weight: 1, arbitrary: fc.nat(3_000) })

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 24,
    arbitrary: fc.record({ do: fc.constant('append' as const), sizes: fc.array(size, { minLength: 1, maxLength: 5 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('save-cursor' as const), share: share }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('drop' as const), share: share }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('seal' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const) }) },
)

const life = fc.record({
  steps: fc.array(step, { minLength: 4, maxLength: 12 }),
  callsUntilCrash: fc.nat(60),
  chances: fc.array(share, { minLength: 1, maxLength: 40 }),
})

const log = 'log' as LogId
const sizes = { firstBytes: 2_048, maxBytes: 8_192 }
const entry = (offset: number, size: number): Buffer => Buffer.alloc(size, `${offset}:${size};`)

/** What was acknowledged, over all lives: what the next life must show. */
class Acknowledged {
  opened = false
  sealed = false
  cursor = 0
  /** Entries that may have been dropped. */
  dropBelow = 0
  readonly sizes: number[] = []
  /** Sizes of entries that were tried and may have become durable. */
  tried: number[] = []
}

test('no crash loses what was acknowledged, and none is taken for damage', async () => {
  let crashes = 0
  let tornTails = 0
  const onTornTail = () => tornTails++
  await fc.assert(
    fc.asyncProperty(fc.array(life, { minLength: 2, maxLength: 5 }), async (lives) => {
      let disk = new SimulatedFileSystem()
      const known = new Acknowledged()
      for (const { steps, callsUntilCrash, chances } of lives) {
        let draw = 0
        let calls = 0
        let after: SimulatedFileSystem | undefined
        const dying = disk
        const crash = () => {
          after = dying.crash(() => chances[draw++ % chances.length]!)
        }
        disk.fault = () => {
          if (calls++ === callsUntilCrash) crash()
          return undefined
        }
        try {
          const logs = await openSegmentFiles({ folder: '/log', sizes, fileSystem: disk, onTornTail })
          await check(logs, known)
          for (const one of steps) if (!(await take(logs, one, known))) break
        } catch (error) {
          if (after === undefined || !isPowerLoss(error)) throw error
        }
        if (after === undefined) crash()
        else crashes++
        disk = after!
      }
      await check(await openSegmentFiles({ folder: '/log', sizes, fileSystem: disk }), known)
    }),
    { numRuns: 1_000 },
  )
  assert.ok(crashes > 100, `only ${crashes} crashes came in the middle of something`)
  assert.ok(tornTails > 20, `only ${tornTails} tails were torn`)
})

/** The call on which the power went fails with EIO, which may be the cause of another error. */
function isPowerLoss(error: unknown): boolean {
  return error instanceof Error && ((error as NodeJS.ErrnoException).code === 'EIO' || isPowerLoss(error.cause))
}

/** Returns whether the process lives on. */
async function take(logs: NodeLogs, one: Step, known: Acknowledged): Promise<boolean> {
  if (!known.opened) {
    await logs.open(log)
    known.opened = true
  }
  switch (one.do) {
    case 'append': {
      if (known.sealed) return true
      const first = known.sizes.length
      known.tried = [...one.sizes]
      const results = await Promise.allSettled(
        one.sizes.map((size, i) => logs.append(log, (first + i) as Offset, entry(first + i, size))),
      )
      for (const [i, result] of results.entries()) {
        if (result.status === 'rejected') throw result.reason
        known.sizes.push(one.sizes[i]!)
        known.tried = one.sizes.slice(i + 1)
      }
      return true
    }
    case 'save-cursor': {
      const cursor = Math.floor(known.sizes.length * one.share)
      await logs.saveCursor(log, 'materialised', cursor as Offset)
      known.cursor = Math.max(known.cursor, cursor)
      return true
    }
    case 'drop': {
      const below = Math.floor(known.cursor * one.share)
      known.dropBelow = Math.max(known.dropBelow, below)
      await logs.dropBelow(log, below as Offset)
      return true
    }
    case 'seal':
      await logs.seal(log)
      known.sealed = true
      return true
    case 'close':
      await logs.close()
      return false
  }
}

async function check(logs: NodeLogs, known: Acknowledged): Promise<void> {
  if (known.opened) assert.deepEqual(await logs.list(), [log])
  else return
  if (known.sealed) assert.equal(await logs.isSealed(log), true)
  else known.sealed = await logs.isSealed(log)
  const { materialised } = await logs.cursors(log)
  assert.ok(materialised >= known.cursor)
  known.cursor = materialised
  const from = known.dropBelow
  const read = await logs.read(log, from as Offset, 10_000)
  const found = read.map((bytes, i) => ({ offset: from + i, bytes: Buffer.from(bytes).toString() }))
  const sizes = [...known.sizes, ...known.tried]
  assert.ok(
    found.length >= known.sizes.length - from,
    `${known.sizes.length} acknowledged from ${from}, ${found.length} found`,
  )
  assert.ok(found.length <= sizes.length - from)
  for (const { offset, bytes } of found) assert.equal(bytes, entry(offset, sizes[offset]!).toString())
  // What survived of the unacknowledged is part of the log now.
  known.sizes.push(...known.tried.slice(0, from + found.length - known.sizes.length))
  known.tried = []
}
