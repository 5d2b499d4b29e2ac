import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppId, EdgeId, UserId } from '@chat4all/protocol'
import { presenceContract } from './contract.js'
import { everywherePresence } from './everywhere.js'
import { inProcessPresence } from './in-process.js'

presenceContract('in process', async () => inProcessPresence())
presenceContract('everywhere', async () => everywherePresence())

const app = 'app' as AppId
const ana = 'ana' as UserId

test('in one process, presence is exact', async () => {
  const presence = inProcessPresence()
  assert.deepEqual(await presence.where(app, ana), [])
  await presence.arrive(app, ana, 'one' as EdgeId)
  await presence.arrive(app, ana, 'two' as EdgeId)
  await presence.leave(app, ana, 'one' as EdgeId)
  assert.deepEqual(await presence.where(app, ana), ['two'])
  assert.deepEqual(await presence.where('app-2' as AppId, ana), [])
  await presence.leave(app, ana, 'two' as EdgeId)
  assert.deepEqual(await presence.where(app, ana), [])
})
