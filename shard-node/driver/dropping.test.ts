import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogId, Millis, NodeId, Offset } from '@chat4all/protocol'
import type { EventStream, NodeLogs } from '@chat4all/storage'
import pino from 'pino'
import { Registry } from 'prom-client'
import { shardNodeEvents } from '../index.js'
import { Publications } from './publications.js'

const OWN = 'node-1.20260101T000000000Z.0a' as LogId
const OTHER = 'node-2.20260101T000000000Z.0b' as LogId

test('what was read of cursors is on a quorum before anything below is dropped, and nothing is written when nothing may go', async () => {
  const cursors = { materialised: 10 as Offset, published: 7 as Offset }
  const calls: string[] = []
  const logs = {
    cursors: async () => ({ ...cursors }),
    isSealed: async () => false,
    list: async () => [],
    async saveCursor(_log: LogId, view: string, cursor: Offset) {
      // What is not awaited comes too late.
      await new Promise((resolve) => setImmediate(resolve))
      calls.push(`save ${view} ${cursor}`)
    },
    dropBelow: async (_log: LogId, below: Offset) => void calls.push(`drop below ${below}`),
  } as unknown as NodeLogs
  const stream: EventStream = { publish: async () => {}, close: async () => {} }
  const node = 'node-1' as NodeId
  const events = shardNodeEvents(node, pino({ level: 'silent' }), new Registry())
  const publications = new Publications({ node, logs, stream, events, now: () => Date.now() as Millis })
  publications.start(OWN)
  const written = async (log: LogId): Promise<string[]> => {
    await publications.drop(log)
    return calls.splice(0)
  }
  const all = ['save materialised 10', 'save published 7', 'drop below 7']
  assert.deepEqual(await written(OWN), all)
  cursors.materialised = 12 as Offset
  assert.deepEqual(await written(OWN), [])
  cursors.published = 9 as Offset
  assert.deepEqual(await written(OWN), ['save materialised 12', 'save published 9', 'drop below 9'])
  // Another's log may end where it is dropped: that is looked at again.
  for (let again = 0; again < 2; again++) assert.equal((await written(OTHER)).at(-1), 'drop below 9')
  await publications.stop()
})
