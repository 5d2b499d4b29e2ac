import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { openClassicLevelRecords } from '../records/classic-level.js'
import type { Place, Records, StoredRecord, Version } from '../records/port.js'
import { filesContract } from './contract.js'
import { app, content, reference, sha256 } from './contract-samples.js'
import type { StoredContent } from './port.js'
import { recordsFiles } from './records.js'

const base = mkdtempSync(join(tmpdir(), 'chat4all-files-'))
after(() => rmSync(base, { recursive: true }))
filesContract('classic-level', () => openClassicLevelRecords({ folder: mkdtempSync(join(base, 'one-')) }))

/** Records in memory, of which each call takes effect when the scheduler says. */
function scheduledRecords(scheduler: fc.Scheduler): Records {
  const kept = new Map<string, StoredRecord>()
  let versions = 0
  const keyOf = ({ kind, partition, key }: Place) => `${kind} ${partition} ${key}`
  const turn = <T>(act: () => T): Promise<T> => scheduler.schedule(Promise.resolve()).then(act)
  return {
    get: (place) => turn(() => kept.get(keyOf(place))),
    put: (place, value, expected) =>
      turn(() => {
        if (kept.get(keyOf(place))?.version !== expected) return false
        kept.set(keyOf(place), { value, version: ++versions as Version })
        return true
      }),
    remove: (place, expected) => turn(() => kept.get(keyOf(place))?.version === expected && kept.delete(keyOf(place))),
    list: ({ kind, partition }, { limit, prefix = '' }) =>
      turn(() => {
        const start = keyOf({ kind, partition, key: prefix })
        return [...kept]
          .filter(([key]) => key.startsWith(start))
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .slice(0, limit)
          .map(([key, record]) => ({ ...record, key: key.slice(start.length) }))
      }),
    close: async () => {},
  }
}

test('in any order of steps, bytes that a file refers to are there, and bytes that none does are not', () =>
  fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.constantFrom('adopt', 'publish', 'adopt and release', 'publish and release'), {
        minLength: 1,
        maxLength: 5,
      }),
      async (scheduler, acts) => {
        const { contents } = recordsFiles(scheduledRecords(scheduler))
        const stored = new Set<string>(['demo/f'])
        const removeBytes = ({ object }: StoredContent) =>
          scheduler.schedule(Promise.resolve()).then(() => void stored.delete(object))
        const live = new Set<string>()
        const act = async (what: string, id: string) => {
          if (what.startsWith('adopt')) {
            if ((await contents.adopt(reference(id), removeBytes)) === undefined) return
          } else {
            stored.add(`demo/${id}`)
            const { object } = await contents.publish(reference(id), content(id), removeBytes)
            if (object !== `demo/${id}`) stored.delete(`demo/${id}`)
          }
          if (what.endsWith('release')) await contents.release(reference(id), removeBytes)
          else live.add(id)
        }
        await scheduler.waitFor(act('publish', 'f'))
        live.clear()
        await scheduler.waitFor(
          Promise.all([contents.release(reference('f'), removeBytes), ...acts.map((what, i) => act(what, `f${i}`))]),
        )
        const kept = await scheduler.waitFor(contents.get(app, sha256))
        if (live.size > 0) assert.ok(kept !== undefined && stored.has(kept.object), `${kept?.object} is not stored`)
        for (const id of live) await scheduler.waitFor(contents.release(reference(id), removeBytes))
        assert.deepEqual([...stored], [])
      },
    ),
    { numRuns: 1_000, includeErrorInReport: true },
  ))
