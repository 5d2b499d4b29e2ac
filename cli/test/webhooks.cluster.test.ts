import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { type Heard, startListener } from '../webhook/listener.js'
import { register } from '../webhook/registration.js'
import { ENGINES, EngineCluster, eventually } from './engine-cluster.js'
import { freePort } from './server-process.js'

const TOPICS = `webhook-suite-${Date.now()}.`
const HEARD_MS_MAX = 120_000
const CONVERSATIONS = 6

const cluster = new EngineCluster({
  CHAT4ALL_KAFKA_TOPICS: TOPICS,
  CHAT4ALL_WEBHOOK_HTTP: 'true',
  CHAT4ALL_WEBHOOK_NETWORKS: '127.0.0.0/8',
})

after(async () => {
  await cluster.end()
  const brokers = ENGINES.kafka.split(',')
  const admin = new Kafka({ brokers, clientId: 'webhook-suite', logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  await admin.deleteTopics({ topics: [`${TOPICS}messages`] })
  await admin.deleteGroups([`${TOPICS}webhooks`]).catch(() => {})
  await admin.disconnect()
})

test('two processes deliver webhooks; one is killed while the receiver is down, and the receiver misses nothing', async (t) => {
  const names = ['webhook-1', 'webhook-2']
  await Promise.all([
    cluster.spawn('shard-node', 'node-1'),
    cluster.spawn('edge', 'edge-1'),
    ...names.map((name) => cluster.spawn('webhook', name)),
  ])
  await Promise.all([...cluster.processes.values()].map((process) => process.ready()))
  let secret: string | undefined
  const heard: Heard[] = []
  const port = await freePort()
  const listen = () =>
    startListener({ host: '127.0.0.1', port, status: 204, secret: () => secret, onHeard: (one) => heard.push(one) })
  let listener = await listen()
  t.after(() => listener.close())
  ;({ secret } = await register({
    server: cluster.process('edge-1').url,
    clientId: 'demo',
    clientSecret: cluster.environment.CHAT4ALL_DEMO_SECRET!,
    url: listener.url,
    events: ['message.sent', 'message.delivered'],
  }))

  const ann = await cluster.connect('ann', 'edge-1')
  const bob = await cluster.connect('bob', 'edge-1')
  bob.on('message', () => {})
  const groups = await Promise.all(Array.from({ length: CONVERSATIONS }, () => ann.createGroup(['ann', 'bob'])))
  let said = 0
  const say = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      said++
      await Promise.all(groups.map(({ id }) => ann.send(id, `message ${said}`).result))
    }
  }
  const seqs = (type: string, id: string): unknown[] =>
    heard
      .filter(({ event, isAgain }) => event.type === type && event.data.conversation_id === id && !isAgain)
      .map(({ event }) => event.data.seq)
  const missing = (): string[] =>
    groups
      .flatMap(({ id }) => ['message.sent', 'message.delivered'].map((type) => ({ id, type })))
      .filter(({ id, type }) => new Set(seqs(type, id)).size < said)
      .map(({ id, type }) => `${type} ${id}: ${seqs(type, id).length} of ${said}`)
  const all = () =>
    eventually(
      () => missing().length === 0,
      HEARD_MS_MAX,
      () => missing().join('\n'),
    )

  await say(10)
  await all()
  await listener.close()
  await say(10)
  await cluster.process('webhook-1').end('SIGKILL')
  await say(10)
  listener = await listen()
  await say(5)
  await all()
  assert.ok(heard.every(({ fault }) => fault === undefined))
})
