import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { before, test } from 'node:test'
import { SignJWT } from 'jose'
import { addSecret, createApp } from './apps.js'
import { fakeDirectory } from './fake-directory.js'
import { type AuthenticatorOptions, createAuthenticator } from './jwt-authenticator.js'

const directory = fakeDirectory()
const key = randomBytes(32)
let time = 1_770_000_000_000
const authenticator = (options: Partial<AuthenticatorOptions> = {}) =>
  createAuthenticator({ directory, key, now: () => time, ...options })
const unauthenticated = { code: 'UNAUTHENTICATED' }

before(async () => {
  await createApp(directory, { id: 'demo', name: 'Demo', secret: 's3cret' })
})

test('a service token speaks for its app and for no user in particular', async () => {
  const { accessToken, expiresIn } = await authenticator().issue('demo', 's3cret')
  assert.equal(expiresIn, 3600)
  assert.deepEqual(await authenticator().verify(accessToken), {
    app: 'demo',
    user: undefined,
    expires: time + 3600_000,
  })
})

test('a user token speaks for that user alone, for as long as was configured', async () => {
  const { accessToken, expiresIn } = await authenticator({ userTokenSeconds: 60 }).issue('demo', 's3cret', 'ana')
  assert.equal(expiresIn, 60)
  assert.deepEqual(await authenticator().verify(accessToken), { app: 'demo', user: 'ana', expires: time + 60_000 })
})

test('who issued a token takes it for what every other edge does, and for no longer', async () => {
  const issuer = authenticator({ userTokenSeconds: 60 })
  const { accessToken } = await issuer.issue('demo', 's3cret', 'ana')
  assert.deepEqual(await issuer.verify(accessToken), await authenticator().verify(accessToken))
  const issued = time
  time += 66_000
  await assert.rejects(issuer.verify(accessToken), { code: 'TOKEN_EXPIRED' })
  time = issued
})

test('unknown client and wrong secret get the same answer', async () => {
  const wrong = await authenticator()
    .issue('demo', 'wrong')
    .catch((error) => error)
  const unknown = await authenticator()
    .issue('nobody', 's3cret')
    .catch((error) => error)
  assert.equal(wrong.code, 'UNAUTHENTICATED')
  assert.deepEqual([unknown.code, unknown.message], [wrong.code, wrong.message])
})

test('the time of the answer does not tell whether a client exists', async () => {
  const a = authenticator()
  const spent = { demo: 0, nobody: 0 }
  for (let round = 0; round < 4; round++) {
    for (const id of ['demo', 'nobody'] as const) {
      // Of the processor, not of the clock: what else the machine does has no part in it.
      const before = process.cpuUsage()
      await assert.rejects(a.issue(id, `guess ${round}`))
      const { user, system } = process.cpuUsage(before)
      spent[id] += user + system
    }
  }
  // Without the decoy the unknown client is answered a hundred times faster.
  const ratio = spent.nobody / spent.demo
  assert.ok(ratio > 1 / 3 && ratio < 3, `unknown client: ${ratio} of the time of a known one`)
})

test('a bad user id is told before the secret is looked at', async () => {
  await assert.rejects(authenticator().issue('demo', 's3cret', 'no spaces'), { code: 'INVALID' })
})

test('a token ends: at first within the tolerance of clocks, then for good, checked before or not', async () => {
  const [fresh, old] = [authenticator(), authenticator()]
  const { accessToken } = await fresh.issue('demo', 's3cret', 'ana')
  await fresh.verify(accessToken)
  const start = time
  time = start + 3604_000
  await fresh.verify(accessToken)
  await old.verify(accessToken)
  time = start + 3606_000
  await assert.rejects(fresh.verify(accessToken), { code: 'TOKEN_EXPIRED' })
  await assert.rejects(authenticator().verify(accessToken), { code: 'TOKEN_EXPIRED' })
  time = start
})

const claims = { client_id: 'demo', user: 'ana' }
function token(change: {
  claims?: Record<string, unknown>
  header?: Record<string, unknown>
  issuer?: string
  audience?: string
  key?: Uint8Array
  kid?: string
  seconds?: number | undefined
}) {
  const issued = Math.floor(time / 1000)
  const jwt = new SignJWT({ ...(change.claims ?? claims) })
    .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', ...(change.kid && { kid: change.kid }), ...change.header })
    .setIssuer(change.issuer ?? 'chat4all')
    .setAudience(change.audience ?? 'chat4all')
    .setSubject('ana')
    .setIssuedAt(issued)
  if (!('seconds' in change)) jwt.setExpirationTime(issued + 60)
  else if (change.seconds !== undefined) jwt.setExpirationTime(issued + change.seconds)
  return jwt.sign(change.key ?? key)
}

test('a token that is not exactly what this server issues is refused', async () => {
  const a = authenticator()
  const { accessToken } = await a.issue('demo', 's3cret', 'ana')
  const [head, body, signature] = accessToken.split('.') as [string, string, string]
  const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString())
  const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

  // The forge itself works: what follows is refused for the one thing that is changed.
  assert.equal((await a.verify(await token({ kid }))).user, 'ana')

  const bad: Record<string, string> = {
    empty: '',
    'not a JWT': 'abc',
    huge: `${accessToken}${'a'.repeat(5000)}`,
    'other key': await token({ kid, key: randomBytes(32) }),
    'unknown kid': await token({ kid: 'other' }),
    'no kid': await token({}),
    'other issuer': await token({ kid, issuer: 'else' }),
    'other audience': await token({ kid, audience: 'else' }),
    'other type': await token({ kid, header: { typ: 'JWT' } }),
    'no expiry': await token({ kid, seconds: undefined }),
    'no client': await token({ kid, claims: { user: 'ana' } }),
    'user is no string': await token({ kid, claims: { client_id: 'demo', user: 7 } }),
    'expired and forged': await token({ kid, key: randomBytes(32), seconds: -100 }),
    'alg none': `${encoded({ alg: 'none', typ: 'at+jwt', kid })}.${body}.`,
    'other alg': await token({ kid, key: randomBytes(64), header: { alg: 'HS512' } }),
    'changed body': `${head}.${encoded({ ...JSON.parse(Buffer.from(body, 'base64url').toString()), user: 'bob' })}.${signature}`,
  }
  for (const [what, forged] of Object.entries(bad)) {
    await assert.rejects(a.verify(forged), unauthenticated, what)
  }
})

test('after the key was changed, tokens of the previous key are good until they end', async () => {
  const { accessToken } = await authenticator().issue('demo', 's3cret')
  const next = randomBytes(32)
  await assert.rejects(authenticator({ key: next }).verify(accessToken), unauthenticated)
  const rotated = authenticator({ key: next, previousKeys: [key] })
  assert.equal((await rotated.verify(accessToken)).app, 'demo')
  const renewed = await rotated.issue('demo', 's3cret')
  assert.equal((await authenticator({ key: next }).verify(renewed.accessToken)).app, 'demo')
})

test('a short key is refused at the start', () => {
  assert.throws(() => authenticator({ key: randomBytes(31) }), /31 bytes: at least 32/)
})

test('while a secret is rotated both are good; the one before them is not, though it proved right before', async () => {
  const a = authenticator()
  await createApp(directory, { id: 'rotating', name: 'R', secret: 'one' })
  await a.issue('rotating', 'one')
  await addSecret(directory, 'rotating', 'two')
  await a.issue('rotating', 'one')
  await a.issue('rotating', 'two')
  await addSecret(directory, 'rotating', 'three')
  await assert.rejects(a.issue('rotating', 'one'), unauthenticated)
  await a.issue('rotating', 'two')
  await a.issue('rotating', 'three')
})

test('tokens for a thousand users at once cost one check of the secret', async () => {
  const a = authenticator()
  const started = process.hrtime.bigint()
  const all = await Promise.all(Array.from({ length: 1000 }, (_, i) => a.issue('demo', 's3cret', `u${i}`)))
  assert.equal(new Set(all.map(({ accessToken }) => accessToken)).size, 1000)
  // One scrypt is tens of milliseconds: a thousand of them, two at once, would take half a minute or more.
  assert.ok(process.hrtime.bigint() - started < 10_000_000_000n)
})

test('a flood of wrong secrets is turned away instead of queued without end', async () => {
  const a = authenticator()
  const results = await Promise.allSettled(Array.from({ length: 150 }, (_, i) => a.issue('demo', `guess${i}`)))
  const codes = results.map((result) => (result.status === 'rejected' ? result.reason.code : 'issued'))
  assert.equal(codes.filter((code) => code === 'RATE_LIMITED').length, 128)
  assert.equal(codes.filter((code) => code === 'UNAUTHENTICATED').length, 22)
})

test('creating the same app again changes nothing, with another secret it is refused', async () => {
  const first = await createApp(directory, { id: 'again', name: 'A', secret: 'one' })
  assert.deepEqual(await createApp(directory, { id: 'again', name: 'A', secret: 'one' }), first)
  await assert.rejects(createApp(directory, { id: 'again', name: 'A', secret: 'two' }), { code: 'INVALID' })
  await assert.rejects(createApp(directory, { id: 'no spaces', name: 'A', secret: 'x' }), { code: 'INVALID' })
  await assert.rejects(createApp(directory, { id: 'empty', name: 'A', secret: '' }), { code: 'INVALID' })
  await assert.rejects(addSecret(directory, 'nobody', 'x'), { code: 'NOT_FOUND' })
})
