import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import type { AppId, Millis, UserId } from '@chat4all/protocol'
import { openClassicLevelRecords } from '../records/classic-level.js'
import type { Records } from '../records/port.js'
import { IDENTITIES_PER_USER_MAX, type StoredIdentity, type StoredUser, type UserStore } from './port.js'
import { recordsUsers } from './records.js'

const [shop, bank] = ['shop', 'bank'] as AppId[] as [AppId, AppId]
const now = 1_800_000_000_000 as Millis
const user = (id: string, app = shop): StoredUser => ({
  app,
  id: id as UserId,
  name: undefined,
  avatarUrl: undefined,
  metadata: {},
  created: now,
  updated: now,
})
const identity = (of: string, address: string, app = shop, channel = 'telegram'): StoredIdentity => ({
  app,
  user: of as UserId,
  channel,
  address,
  created: now,
})
const telegram = (address: string) => ({ channel: 'telegram', address })

let folder: string
let records: Records
let users: UserStore

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chat4all-users-'))
  records = await openClassicLevelRecords({ folder })
  users = recordsUsers(records)
})

afterEach(async () => {
  await records.close()
  await rm(folder, { recursive: true })
})

test('a user is made once, changed as it is, and belongs to its app', async () => {
  assert.equal(await users.create({ ...user('ana'), name: 'Ana' }), true)
  assert.equal(await users.create(user('ana')), false)
  assert.equal((await users.get(shop, 'ana' as UserId))?.name, 'Ana')
  assert.equal(await users.get(bank, 'ana' as UserId), undefined)
  const rename = (name: string) => users.update(shop, 'ana' as UserId, (stored) => ({ ...stored, name }))
  assert.equal((await rename('Anna'))?.name, 'Anna')
  assert.equal(await users.update(bank, 'ana' as UserId, (stored) => stored), undefined)
})

test('users are listed page by page in the order of their ids', async () => {
  for (const id of ['c', 'a', 'd', 'b']) await users.create(user(id))
  await users.create(user('x', bank))
  const first = await users.list(shop, { limit: 3 })
  assert.deepEqual(
    first.map(({ id }) => id),
    ['a', 'b', 'c'],
  )
  const rest = await users.list(shop, { after: first.at(-1)!.id, limit: 3 })
  assert.deepEqual(
    rest.map(({ id }) => id),
    ['d'],
  )
})

test('an address belongs to one user of an app, and to another one of another app', async () => {
  for (const each of [user('ana'), user('bob'), user('ana', bank)]) await users.create(each)
  assert.equal(await users.identities.add(identity('ana', '42')), 'added')
  assert.equal(await users.identities.add(identity('ana', '42')), 'existed')
  assert.equal(await users.identities.add(identity('bob', '42')), 'taken')
  assert.equal(await users.identities.add(identity('ana', '42', bank)), 'added')
  assert.equal(await users.identities.add(identity('bob', '42', shop, 'whatsapp')), 'added')
  assert.equal((await users.identities.find(shop, telegram('42')))?.user, 'ana')
  assert.deepEqual(
    (await users.identities.of(shop, 'bob' as UserId)).map(({ channel, address }) => [channel, address]),
    [['whatsapp', '42']],
  )
})

test('of many who claim one address at once, one gets it', async () => {
  const names = Array.from({ length: 8 }, (_, i) => `user-${i}`)
  for (const name of names) await users.create(user(name))
  const outcomes = await Promise.all(names.map((name) => users.identities.add(identity(name, '42'))))
  assert.equal(outcomes.filter((outcome) => outcome === 'added').length, 1)
  const owner = (await users.identities.find(shop, telegram('42')))!.user
  for (const name of names) {
    assert.equal((await users.identities.of(shop, name as UserId)).length, name === owner ? 1 : 0)
  }
})

test('an identity that was removed is free for another user', async () => {
  for (const each of [user('ana'), user('bob')]) await users.create(each)
  await users.identities.add(identity('ana', '42'))
  assert.equal(await users.identities.remove(shop, 'bob' as UserId, telegram('42')), false)
  assert.equal(await users.identities.remove(shop, 'ana' as UserId, telegram('42')), true)
  assert.equal(await users.identities.remove(shop, 'ana' as UserId, telegram('42')), false)
  assert.equal(await users.identities.add(identity('bob', '42')), 'added')
})

test('a user has a bounded number of identities, and none without a profile', async () => {
  assert.equal(await users.identities.add(identity('ana', '0')), 'no user')
  await users.create(user('ana'))
  for (let i = 0; i < IDENTITIES_PER_USER_MAX; i++) {
    assert.equal(await users.identities.add(identity('ana', String(i))), 'added')
  }
  assert.equal(await users.identities.add(identity('ana', 'more')), 'too many')
})

test('a crash between note and claim leaves nothing that counts, and adding again completes it', async () => {
  await users.create(user('ana'))
  const { put } = records
  records.put = async (place, ...rest) => {
    if (place.kind === 'identity') throw new Error('crash')
    return put.call(records, place, ...rest)
  }
  await assert.rejects(users.identities.add(identity('ana', '42')), /crash/)
  records.put = put
  assert.deepEqual(await users.identities.of(shop, 'ana' as UserId), [])
  assert.equal(await users.identities.add(identity('ana', '42')), 'added')
  assert.equal((await users.identities.of(shop, 'ana' as UserId)).length, 1)
})

test('an erased user leaves nothing, also when it gets an identity at the same moment', async () => {
  for (let round = 0; round < 20; round++) {
    await users.create(user('ana'))
    await users.identities.add(identity('ana', '1'))
    const [, outcome] = await Promise.all([
      users.erase(shop, 'ana' as UserId),
      users.identities.add(identity('ana', '2')),
    ])
    assert.equal(await users.get(shop, 'ana' as UserId), undefined)
    assert.deepEqual(await users.identities.of(shop, 'ana' as UserId), [], `added: ${outcome}`)
    assert.equal(await users.identities.find(shop, telegram('1')), undefined)
    assert.equal(await users.identities.find(shop, telegram('2')), undefined)
  }
  await users.erase(shop, 'ana' as UserId)
})
