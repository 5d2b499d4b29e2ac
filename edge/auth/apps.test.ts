import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { beforeEach, test } from 'node:test'
import type { AppId } from '@chat4all/protocol'
import type { DirectoryStore } from '@chat4all/storage'
import { createApp, revokeSecret, rotateSecret } from './apps.js'
import { fakeDirectory } from './fake-directory.js'
import { createAuthenticator } from './jwt-authenticator.js'
import type { Authenticator } from './port.js'

const app = 'shop' as AppId
const unauthenticated = { code: 'UNAUTHENTICATED' }
let directory: DirectoryStore
let authenticator: Authenticator
let now: number

beforeEach(async () => {
  now = Date.now()
  directory = fakeDirectory()
  authenticator = createAuthenticator({ directory, key: randomBytes(32), now: () => now })
  await createApp(directory, { id: app, name: 'Shop', secret: 'first' })
})

test('while a secret is rotated both are good, and then only the new one', async () => {
  const { secret } = await rotateSecret(directory, app, now, now + 60_000)
  await authenticator.issue(app, secret)
  await authenticator.issue(app, 'first')
  now += 60_000
  await authenticator.issue(app, secret)
  await assert.rejects(authenticator.issue(app, 'first'), unauthenticated)
})

test('a second rotation within the overlap ends the first secret; there are never more than two', async () => {
  const second = await rotateSecret(directory, app, now, now + 60_000)
  const third = await rotateSecret(directory, app, now, now + 60_000)
  assert.equal(third.app.secrets.length, 2)
  await assert.rejects(authenticator.issue(app, 'first'), unauthenticated)
  await authenticator.issue(app, second.secret)
  await authenticator.issue(app, third.secret)
})

test('a rotation does not lengthen the life of a secret that was to end sooner', async () => {
  await directory.changeApp(app, (stored) => ({
    ...stored,
    secrets: stored.secrets.map((secret) => ({ ...secret, expires: now + 1_000 })),
  }))
  const { app: rotated } = await rotateSecret(directory, app, now, now + 60_000)
  assert.equal(rotated.secrets[0]!.expires, now + 1_000)
})

test('a secret that was revoked is good for nothing at once, also if it proved right before', async () => {
  await authenticator.issue(app, 'first')
  const { secrets } = (await directory.app(app))!
  await revokeSecret(directory, app, secrets[0]!.id)
  await assert.rejects(authenticator.issue(app, 'first'), unauthenticated)
  await assert.rejects(revokeSecret(directory, app, secrets[0]!.id), { code: 'NOT_FOUND' })
})

test('of a disabled app nobody gets a token, and tokens of before are not taken; enabled again, they are', async () => {
  const { accessToken } = await authenticator.issue(app, 'first')
  await directory.changeApp(app, (stored) => ({ ...stored, disabled: true }))
  await assert.rejects(authenticator.issue(app, 'first'), unauthenticated)
  await assert.rejects(authenticator.verify(accessToken), unauthenticated)
  await directory.changeApp(app, (stored) => ({ ...stored, disabled: false }))
  assert.equal((await authenticator.verify(accessToken)).app, app)
})

test('a directory that does not answer takes nobody’s rights away', async () => {
  const { accessToken } = await authenticator.issue(app, 'first')
  directory.app = () => Promise.reject(new Error('the store is away'))
  assert.equal((await authenticator.verify(accessToken)).app, app)
})
