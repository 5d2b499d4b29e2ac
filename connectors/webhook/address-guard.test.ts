import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AddressRules, createAddressGuard } from './address-guard.js'

const RULES: AddressRules = {
  allowHttp: false,
  ports: [
    [443, 443],
    [1024, 65_535],
  ],
  allowedNetworks: [],
}

const guard = createAddressGuard(RULES, async () => [{ address: '93.184.216.34', family: 4 }])

const REFUSED = [
  'nonsense',
  'ftp://example.org/',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'http://example.org/',
  'https://user@example.org/',
  'https://user:password@example.org/',
  'https://example.org:22/',
  'https://example.org:80/',
  'https://127.0.0.1/',
  'https://127.1/',
  'https://2130706433/',
  'https://0x7f.0.0.1/',
  'https://0177.0.0.1/',
  'https://0.0.0.0/',
  'https://10.1.2.3/',
  'https://172.16.0.1/',
  'https://172.31.255.255/',
  'https://192.168.1.1/',
  'https://100.64.0.1/',
  'https://100.100.100.200/',
  'https://169.254.169.254/latest/meta-data/',
  'https://168.63.129.16/',
  'https://192.0.0.192/',
  'https://192.0.2.1/',
  'https://198.18.0.1/',
  'https://224.0.0.1/',
  'https://240.0.0.1/',
  'https://255.255.255.255/',
  'https://[::]/',
  'https://[::1]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:8.8.8.8]/',
  'https://[::127.0.0.1]/',
  'https://[64:ff9b::7f00:1]/',
  'https://[64:ff9b:1::7f00:1]/',
  'https://[2002:7f00:1::]/',
  'https://[2001::1]/',
  'https://[fc00::1]/',
  'https://[fd00:ec2::254]/',
  'https://[fe80::1]/',
  'https://[fec0::1]/',
  'https://[ff02::1]/',
  'https://[2001:db8::1]/',
  'https://[100::1]/',
]
for (const url of REFUSED) {
  test(`${url} is refused`, async () => {
    assert.notEqual(guard.refusalOf(url), undefined)
    assert.notEqual(await guard.check(url), undefined)
  })
}

const TAKEN = [
  'https://example.org/',
  'https://example.org:8443/hooks?token=x',
  'https://93.184.216.34/',
  'https://[2606:2800:220:1:248:1893:25c8:1946]/',
]
for (const url of TAKEN) test(`${url} is taken`, async () => assert.equal(await guard.check(url), undefined))

const lookup = (of: ReturnType<typeof createAddressGuard>, all: boolean) =>
  new Promise<unknown>((resolve, reject) => {
    of.lookup('name.example', { all }, (error, found) => (error === null ? resolve(found) : reject(error)))
  })

test('a name is refused when any of its addresses is not public, at registration and when connecting', async () => {
  const mixed = createAddressGuard(RULES, async () => [
    { address: '93.184.216.34', family: 4 },
    { address: '::ffff:10.0.0.1', family: 6 },
  ])
  assert.match((await mixed.check('https://name.example/'))!, /not public/)
  for (const all of [true, false]) await assert.rejects(lookup(mixed, all), /not public/)
})

test('a name that led to a public address at registration and to a private one later is not connected to', async () => {
  let address = '93.184.216.34'
  const rebinding = createAddressGuard(RULES, async () => [{ address, family: 4 }])
  assert.equal(await rebinding.check('https://name.example/'), undefined)
  assert.equal(await lookup(rebinding, false), '93.184.216.34')
  address = '127.0.0.1'
  await assert.rejects(lookup(rebinding, false), /not public/)
})

test('a name that cannot be resolved, or leads nowhere, is refused', async () => {
  const failing = createAddressGuard(RULES, () => Promise.reject(new Error('ENOTFOUND')))
  assert.match((await failing.check('https://name.example/'))!, /cannot be resolved/)
  const empty = createAddressGuard(RULES, async () => [])
  assert.match((await empty.check('https://name.example/'))!, /no address/)
})

test('networks and http are let in by the rules, and no more than they say', () => {
  const open = createAddressGuard({ ...RULES, allowHttp: true, allowedNetworks: ['127.0.0.0/8', '::1/128'] })
  assert.equal(open.refusalOf('http://127.0.0.1:9000/'), undefined)
  assert.equal(open.refusalOf('http://[::1]:9000/'), undefined)
  assert.notEqual(open.refusalOf('http://[::ffff:127.0.0.1]:9000/'), undefined)
  assert.notEqual(open.refusalOf('http://10.0.0.1:9000/'), undefined)
  assert.throws(() => createAddressGuard({ ...RULES, allowedNetworks: ['nonsense'] }))
})
