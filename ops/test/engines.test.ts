import assert from 'node:assert/strict'
import { test } from 'node:test'

// Plain JavaScript, which the compiler does not look at.
const { enginesOf, engineLines, splitByEngines, suiteOf } = await import(
  new URL('../../test/engines.mjs', import.meta.url).href
)
const { readExports } = await import(new URL('../../test/engines-command.mjs', import.meta.url).href)

const files = (...sources: string[]) => sources.map((source) => ({ source }))
const KAFKA = { where: '127.0.0.1:1', by: 'engines' }
const REDIS = { where: '127.0.0.1:2', by: 'variable' }

test('the name of a test says which engines it needs, several if it has several suffixes', () => {
  assert.deepEqual(suiteOf('storage/view.cassandra.test.ts').engines, ['cassandra'])
  assert.deepEqual(suiteOf('storage/kafka.kafka.test.ts').engines, ['kafka'])
  assert.deepEqual(suiteOf('edge/presence.kafka.redis.test.ts').engines, ['kafka', 'redis'])
  assert.deepEqual(suiteOf('storage/objects/s3.minio.test.ts').engines, ['s3'])
})

test('a name without a known suffix needs nothing, also when it is called like an engine', () => {
  for (const name of [
    'storage/kafka.test.ts',
    'codec.bench.test.ts',
    'files.full-disk.test.ts',
    'x.toString.test.ts',
  ]) {
    assert.deepEqual(suiteOf(name), { engines: [], better: [], alone: false, stops: [] })
  }
})

test('a cluster needs four engines and the machine for itself, and does without the proxy', () => {
  const { engines, better, alone } = suiteOf('cli/test/engines.cluster.test.ts')
  assert.deepEqual(engines.sort(), ['cassandra', 'consul', 'kafka', 'redis'])
  assert.deepEqual([better, alone], [['toxiproxy'], true])
})

test('only engines of the chosen tests are needed, those first that are installed fastest', () => {
  assert.deepEqual(enginesOf(files('protocol/ids.test.ts')), [])
  assert.deepEqual(enginesOf(files('a.consul.test.ts', 'b.redis.test.ts', 'c.kafka.test.ts')), [
    'redis',
    'kafka',
    'consul',
  ])
})

test('a suite runs when all its engines are there; one without the proxy too', () => {
  const found = new Map<string, object>([
    ['kafka', KAFKA],
    ['redis', { why: 'no redis-server' }],
  ])
  const tests = files('a.kafka.test.ts', 'b.kafka.redis.test.ts', 'c.test.ts')
  const { runnable, impossible } = splitByEngines(tests, found)
  assert.deepEqual(runnable, files('a.kafka.test.ts', 'c.test.ts'))
  assert.deepEqual(impossible, files('b.kafka.redis.test.ts'))
})

test('the report says where suites ran, or why they did not and what to do', () => {
  const found = new Map<string, object>([
    ['kafka', KAFKA],
    ['redis', REDIS],
    ['consul', { why: 'consul 1.14.4 cannot be installed: go is missing; install Go' }],
  ])
  assert.deepEqual(engineLines(files('a.kafka.test.ts', 'b.test.ts', 'c.kafka.test.ts'), found), [
    'Ran on kafka (127.0.0.1:1, of ops/engines): a.kafka.test.ts, c.kafka.test.ts',
  ])
  assert.deepEqual(engineLines(files('a.redis.test.ts'), found), [
    'Ran on redis (127.0.0.1:2, by CHAT4ALL_TEST_REDIS): a.redis.test.ts',
  ])
  assert.deepEqual(engineLines(files('a.consul.test.ts'), found), [
    'NOT RUN, no consul: a.consul.test.ts — consul 1.14.4 cannot be installed: go is missing; install Go, or set CHAT4ALL_TEST_CONSUL to the address of a consul for tests',
  ])
})

test('a cluster that ran without the proxy says so', () => {
  const found = new Map<string, object>(['cassandra', 'kafka', 'consul', 'redis'].map((engine) => [engine, KAFKA]))
  found.set('toxiproxy', { why: 'go is missing' })
  const [line] = engineLines(files('a.cluster.test.ts'), found)
  assert.match(line, /^Ran on cassandra \(.*, without toxiproxy \(go is missing\): a\.cluster\.test\.ts$/)
})

test('variables are read from what a shell would evaluate', () => {
  assert.deepEqual(readExports('export A=http://h:1\nnoise\nexport B_C=x y\n'), { A: 'http://h:1', B_C: 'x y' })
})
