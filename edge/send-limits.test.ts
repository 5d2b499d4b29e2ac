import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppId } from '@chat4all/protocol'
import { inProcessRateLimits } from '@chat4all/storage'
import { fakeDirectory } from './auth/fake-directory.js'
import { SendLimits } from './send-limits.js'

const USER = { kind: 'user', key: 'demo ana' } as const
const APP = { kind: 'app', key: 'demo' } as const

async function limits(quotas = {}) {
  const directory = fakeDirectory()
  await directory.createApp({ id: 'demo' as AppId, name: 'demo', secrets: [], created: 0, quotas })
  const counters = inProcessRateLimits({ now: () => 0 })
  return new SendLimits({ counters, directory, userPerSecond: 5, appPerSecond: 0 })
}

test('points are given until there are none, the last of them too', async () => {
  const some = await limits()
  assert.deepEqual(await some.portion(USER, 8), { perSecond: 5, granted: 8, resetMs: 2_000 })
  assert.deepEqual(await some.portion(USER, 8), { perSecond: 5, granted: 2, resetMs: 2_000 })
  assert.deepEqual(await some.portion(USER, 8), { perSecond: 5, granted: 0, resetMs: 2_000 })
  assert.equal((await some.portion({ ...USER, key: 'demo bob' }, 1)).granted, 1)
})

test('who asks for more than a window holds gets the window', async () => {
  assert.equal((await (await limits()).portion(USER, 1_000)).granted, 10)
})

test('without a bound nobody is counted', async () => {
  assert.equal((await (await limits()).portion(APP, 1)).perSecond, undefined)
})

test('quotas of an app take the place of the server’s limits', async () => {
  const some = await limits({ sendsPerSecond: 100, userSendsPerSecond: 1 })
  assert.equal((await some.portion(APP, 1)).perSecond, 100)
  assert.equal((await some.portion(USER, 1)).perSecond, 1)
})
