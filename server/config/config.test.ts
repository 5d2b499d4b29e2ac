import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { ConfigError, linkTls, loadConfig, ownLink } from './load-config.js'
import { nearestName } from './nearest-name.js'
import { configurationReference } from './reference.js'
import type { Role } from './settings.js'

const KEY = Buffer.alloc(32, 7).toString('base64')
const CLUSTER = { CHAT4ALL_NODE_ID: 'node-1', CHAT4ALL_MEMBERS: 'node-1@127.0.0.1:7001,node-2@127.0.0.1:7002' }
const ENGINES = {
  CHAT4ALL_NODE_ID: 'node-1',
  CHAT4ALL_CASSANDRA: '10.0.0.1:9042, 10.0.0.2:9042',
  CHAT4ALL_CONSUL: 'http://127.0.0.1:8500/',
}

function faults(role: Role, environment: NodeJS.ProcessEnv, flags = {}): string {
  try {
    loadConfig(role, environment, flags)
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.message
  }
  return assert.fail('nothing was wrong')
}

const WEBHOOK = {
  CHAT4ALL_NODE_ID: 'webhook-1',
  CHAT4ALL_CASSANDRA: '127.0.0.1:9042',
  CHAT4ALL_KAFKA: '127.0.0.1:9092',
}

describe('configuration', () => {
  test('nothing has to be set for the all-in-one server', () => {
    const { config, warnings } = loadConfig('all', {})
    assert.deepEqual(
      [config.host, config.port, config.nodes, config.dataDir, config.tokenKey, config.demoSecret],
      ['127.0.0.1', 8080, 1, './data', undefined, undefined],
    )
    assert.deepEqual(warnings, [])
  })

  test('a flag comes before the environment, which comes before the default; an empty variable is none', () => {
    const environment = { CHAT4ALL_PORT: '9000', CHAT4ALL_HOST: 'localhost', CHAT4ALL_NODES: '' }
    const { config } = loadConfig('all', environment, { port: '9001' })
    assert.deepEqual([config.port, config.host, config.nodes], [9001, 'localhost', 1])
  })

  test('all that is wrong is told at once: by name, with what was given and what is expected', () => {
    const message = faults('all', { CHAT4ALL_PORT: '80a', CHAT4ALL_NODES: '0', CHAT4ALL_LOG_LEVEL: 'loud' })
    assert.match(message, /CHAT4ALL_PORT: expected a port from 0 to 65535 \(0: any free one\); got '80a'/)
    assert.match(message, /CHAT4ALL_NODES: expected a whole number from 1 to 16; got '0'/)
    assert.match(message, /CHAT4ALL_LOG_LEVEL: expected one of fatal, .*; got 'loud'/)
  })

  test('a wrong flag is named as a flag', () => {
    assert.match(faults('all', {}, { port: '70000' }), /--port: expected a port .*; got '70000'/)
  })

  test('a wrong secret is masked', () => {
    const message = faults('all', { CHAT4ALL_TOKEN_KEY: 'hunter2hunter2', CHAT4ALL_DEMO_SECRET: 'abc' })
    assert.match(message, /CHAT4ALL_TOKEN_KEY: expected base64 of at least 32 .*; got •+ \(14 characters\)/)
    assert.match(message, /CHAT4ALL_DEMO_SECRET: expected 8 to 256 characters; got •+ \(3 characters\)/)
    assert.doesNotMatch(message, /hunter2|abc/)
  })

  test('a misspelt name is warned of, with the name that was probably meant', () => {
    const { warnings } = loadConfig('all', { CHAT4ALL_DATADIR: '/x', CHAT4ALL_PROT: '1', CHAT4ALL_XYZZY_PLUGH: '1' })
    assert.deepEqual(warnings, [
      'CHAT4ALL_DATADIR is no setting and is ignored; did you mean CHAT4ALL_DATA_DIR?',
      'CHAT4ALL_PROT is no setting and is ignored; did you mean CHAT4ALL_PORT?',
      'CHAT4ALL_XYZZY_PLUGH is no setting and is ignored',
    ])
  })

  test('listening beyond this machine without TLS is warned of', () => {
    assert.match(loadConfig('all', { CHAT4ALL_HOST: '0.0.0.0' }).warnings.join(), /0\.0\.0\.0 without TLS/)
    assert.deepEqual(loadConfig('all', { CHAT4ALL_HOST: '::1' }).warnings, [])
  })

  test('a cluster’s roles say what they need', () => {
    const edge = faults('edge', {})
    assert.match(edge, /CHAT4ALL_NODE_ID: .* nothing was given, and edge needs it/)
    assert.match(edge, /CHAT4ALL_MEMBERS: /)
    assert.match(edge, /CHAT4ALL_TOKEN_KEY: /)
    const node = faults('shard-node', { CHAT4ALL_NODE_ID: 'node-9', CHAT4ALL_MEMBERS: 'node-1@127.0.0.1:7001' })
    assert.match(node, /CHAT4ALL_NODE_ID: expected one of CHAT4ALL_MEMBERS \(node-1\); got 'node-9'/)
    assert.match(
      faults('shard-node', { ...CLUSTER, CHAT4ALL_MEMBERS: 'node-1@a:1,node-1@b:1' }),
      /CHAT4ALL_MEMBERS: expected node@host:port .*; got 'node-1@a:1,node-1@b:1' \(node 'node-1' is listed twice\)/,
    )
  })

  test('links that leave the machine need a secret', () => {
    const outside = { CHAT4ALL_NODE_ID: 'a', CHAT4ALL_MEMBERS: 'a@10.0.0.1:7001' }
    assert.match(faults('shard-node', outside), /CHAT4ALL_LINK_SECRET: .*links leave this machine \(10\.0\.0\.1\)/)
    loadConfig('shard-node', { ...outside, CHAT4ALL_LINK_SECRET: 'sixteen letters!' })
    assert.match(faults('shard-node', { ...CLUSTER, CHAT4ALL_LINK_HOST: '0.0.0.0' }), /CHAT4ALL_LINK_SECRET/)
    loadConfig('edge', { ...CLUSTER, CHAT4ALL_TOKEN_KEY: KEY })
  })

  test('TLS of links needs authority, certificate and key, and makes up for the secret', () => {
    const outside = { CHAT4ALL_NODE_ID: 'a', CHAT4ALL_MEMBERS: 'a@10.0.0.1:7001' }
    const folder = mkdtempSync(join(tmpdir(), 'chat4all-config-'))
    const certificate = join(folder, 'certificate.pem')
    const key = join(folder, 'key.pem')
    writeFileSync(certificate, '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n')
    writeFileSync(key, '-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n')
    const tls = { CHAT4ALL_LINK_CA: certificate, CHAT4ALL_LINK_CERT: certificate, CHAT4ALL_LINK_KEY: key }
    const { config } = loadConfig('shard-node', { ...outside, ...tls })
    assert.match(linkTls(config)!.key, /PRIVATE KEY/)
    const half = faults('shard-node', { ...outside, CHAT4ALL_LINK_CA: certificate })
    assert.match(half, /CHAT4ALL_LINK_CA: expected CHAT4ALL_LINK_CA, _CERT and _KEY together/)
    const swapped = faults('shard-node', { ...outside, ...tls, CHAT4ALL_LINK_KEY: certificate })
    assert.match(swapped, /CHAT4ALL_LINK_KEY: expected a PEM file with a private key; got .* \(no such PEM block/)
    const missing = faults('shard-node', { ...outside, ...tls, CHAT4ALL_LINK_KEY: join(folder, 'none') })
    assert.match(missing, /CHAT4ALL_LINK_KEY: .*ENOENT/)
    rmSync(folder, { recursive: true })
  })

  test('a shard-node listens where the list of members says, unless told otherwise', () => {
    assert.deepEqual(ownLink(loadConfig('shard-node', CLUSTER).config), {
      node: 'node-1',
      host: '127.0.0.1',
      port: 7001,
      advertise: '127.0.0.1:7001',
    })
    const told = loadConfig('shard-node', { ...CLUSTER, CHAT4ALL_LINK_HOST: '::1', CHAT4ALL_LINK_PORT: '7' }).config
    assert.deepEqual([ownLink(told).host, ownLink(told).port], ['::1', 7])
  })

  test('with Consul a shard-node needs no list, listens on any port of this machine, and says where others reach it', () => {
    const { config } = loadConfig('shard-node', ENGINES)
    assert.deepEqual(ownLink(config), { node: 'node-1', host: '127.0.0.1', port: 0, advertise: undefined })
    assert.deepEqual(
      [config.cassandra, config.consul, config.cluster, config.cassandraReplication, config.nodeWeight],
      [['10.0.0.1:9042', '10.0.0.2:9042'], 'http://127.0.0.1:8500', 'chat4all', 3, 1],
    )
    const everywhere = { ...ENGINES, CHAT4ALL_LINK_HOST: '0.0.0.0', CHAT4ALL_LINK_SECRET: 'sixteen letters!' }
    assert.match(faults('shard-node', everywhere), /CHAT4ALL_LINK_ADVERTISE: .*nobody can dial 0\.0\.0\.0/)
    const told = { ...everywhere, CHAT4ALL_LINK_ADVERTISE: '10.0.0.9:7000' }
    assert.equal(ownLink(loadConfig('shard-node', told).config).advertise, '10.0.0.9:7000')
    const { CHAT4ALL_LINK_SECRET: _, ...open } = told
    assert.match(faults('shard-node', open), /CHAT4ALL_LINK_SECRET/)
  })

  test('all that is wrong with the engines is told at once, and what goes together is asked for together', () => {
    const message = faults('shard-node', {
      CHAT4ALL_NODE_ID: 'node-1',
      CHAT4ALL_CASSANDRA: '10.0.0.1',
      CHAT4ALL_CASSANDRA_KEYSPACE: 'Chat',
      CHAT4ALL_CASSANDRA_REPLICATION: '0',
      CHAT4ALL_CASSANDRA_PASSWORD: 'hunter2',
      CHAT4ALL_CONSUL: 'consul:8500',
      CHAT4ALL_REDIS: 'a:1,a:1',
      CHAT4ALL_KAFKA: 'a:0',
      CHAT4ALL_CLUSTER: 'My cluster',
      CHAT4ALL_NODE_WEIGHT: '-1',
    })
    for (const wrong of [
      'CASSANDRA',
      'CASSANDRA_KEYSPACE',
      'CASSANDRA_REPLICATION',
      'CONSUL',
      'REDIS',
      'KAFKA',
      'CLUSTER',
    ]) {
      assert.match(message, new RegExp(`CHAT4ALL_${wrong}: expected .*; got `))
    }
    assert.match(message, /CHAT4ALL_NODE_WEIGHT: expected a number from 0 to 100; got '-1'/)
    assert.match(message, /CHAT4ALL_CASSANDRA_USERNAME: .*it goes with CHAT4ALL_CASSANDRA_PASSWORD/)
    assert.doesNotMatch(message, /hunter2/)
  })

  test('the Cassandras that are learned are reached at the port of those that are given, so there is one', () => {
    assert.match(
      faults('shard-node', { ...ENGINES, CHAT4ALL_CASSANDRA: '10.0.0.1:9042,10.0.0.2:9043' }),
      /CHAT4ALL_CASSANDRA: expected host:port with .*, all with the same port; got '10.*' \(the processes that are learned/,
    )
  })

  test('slots move with Consul, so what they hold must be where all reach it', () => {
    const { CHAT4ALL_CASSANDRA: _, ...without } = ENGINES
    assert.match(faults('shard-node', without), /CHAT4ALL_CASSANDRA: .*nothing was given, and with CHAT4ALL_CONSUL/)
    assert.match(
      faults('shard-node', { ...CLUSTER, CHAT4ALL_NODE_WEIGHT: '2' }),
      /CHAT4ALL_NODE_WEIGHT: expected 1 without/,
    )
  })

  test('an engine that the role does not use is warned of', () => {
    assert.match(loadConfig('all', ENGINES).warnings.join('\n'), /CHAT4ALL_CASSANDRA is given, and all does not use it/)
  })

  test('in engines, secrets of webhooks want a key: one, or several while it is changed', () => {
    const warned = (more: NodeJS.ProcessEnv) =>
      /CHAT4ALL_SECRETS_KEY/.test(loadConfig('webhook', { ...WEBHOOK, ...more }).warnings.join())
    const [first, second] = [Buffer.alloc(32, 1).toString('base64'), Buffer.alloc(32, 2).toString('base64url')]
    assert.ok(warned({}))
    assert.ok(!warned({ CHAT4ALL_SECRETS_KEY: first }))
    const { config } = loadConfig('webhook', { ...WEBHOOK, CHAT4ALL_SECRETS_KEY: `${first}, ${second}` })
    assert.deepEqual(
      config.secretsKeys?.map((key) => key[0]),
      [1, 2],
    )
    for (const wrong of ['short', Buffer.alloc(31).toString('base64'), `${first},`, `${first} ${second}`]) {
      const message = faults('webhook', { ...WEBHOOK, CHAT4ALL_SECRETS_KEY: wrong })
      assert.match(message, /CHAT4ALL_SECRETS_KEY: expected base64 of 32 random bytes/)
      assert.ok(!message.includes(first))
    }
    assert.deepEqual(loadConfig('all', {}).warnings, [])
  })

  test('further edges have ports of their own', () => {
    assert.deepEqual(loadConfig('all', { CHAT4ALL_EDGE_PORTS: '8081, 8082' }).config.edgePorts, [8081, 8082])
    assert.match(faults('all', { CHAT4ALL_EDGE_PORTS: '8081,8081' }), /CHAT4ALL_EDGE_PORTS: .*each once/)
  })

  test('proxies are networks or single machines, and origins are written as browsers send them', () => {
    const { config } = loadConfig('all', {
      CHAT4ALL_TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.7, fd00::/8,2001:db8::1',
      CHAT4ALL_CORS_ORIGINS: 'https://app.example, http://localhost:5173',
    })
    assert.deepEqual(config.trustedProxies, ['10.0.0.0/8', '192.0.2.7/32', 'fd00::/8', '2001:db8::1/128'])
    assert.deepEqual(config.corsOrigins, ['https://app.example', 'http://localhost:5173'])
    for (const wrong of ['10.0.0.0/33', 'proxy.example', '10.0.0.0/8,', '*']) {
      assert.match(faults('all', { CHAT4ALL_TRUSTED_PROXIES: wrong }), /CHAT4ALL_TRUSTED_PROXIES: expected addresses/)
    }
    for (const wrong of ['app.example', 'https://app.example/', 'https://app.example/path']) {
      assert.match(faults('all', { CHAT4ALL_CORS_ORIGINS: wrong }), /CHAT4ALL_CORS_ORIGINS: expected/)
    }
    assert.match(
      faults('all', { CHAT4ALL_USER_REQUESTS_PER_SECOND: '-1' }),
      /expected a whole number from 0 \(no bound\)/,
    )
  })

  test('docs/configuration.md is what the settings say (else: node server/dist/config/write-reference.js)', () => {
    const written = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8')
    assert.equal(written, configurationReference())
  })
})

test('the nearest name is the one with the fewest mistakes, and none when all are far', () => {
  assert.equal(nearestName('prot', ['host', 'port']), 'port')
  assert.equal(nearestName('prt', ['port', 'print']), 'port')
  assert.equal(nearestName('elephant', ['port', 'host']), undefined)
})
