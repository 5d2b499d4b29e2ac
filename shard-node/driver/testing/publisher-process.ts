import { type LogId, type NodeId, type Offset, SLOTS } from '@chat4all/protocol'
import { inProcessLinks, inProcessMembers } from '@chat4all/router'
import type { NodeLogs } from '@chat4all/storage'
import { openEmbeddedStorage } from '@chat4all/storage/embedded'
import { kafkaEventStream } from '@chat4all/storage/kafka'
import pino from 'pino'
import { Registry } from 'prom-client'
import { shardNodeEvents, startShardNode } from '../../index.js'
import { Talker } from './talker.js'

/**
 * A process with a shard-node that publishes to Kafka, to be killed: by its parent at any time, or by itself between a
 * publish that was confirmed and the cursor that would tell so. Writes a line per acknowledged message.
 *
 * publisher-process.js FOLDER BROKERS TOPIC [KILL_AT_SAVE]
 */
const [folder = '', brokers = '', topic = '', killAt] = process.argv.slice(2)

/** Dies at the nth cursor of the event stream, before it is written. */
function dying(logs: NodeLogs, saves: number): NodeLogs {
  let left = saves
  const dyingCursor = (log: LogId, view: 'materialised' | 'published', cursor: Offset): Promise<void> => {
    if (view === 'published' && --left === 0) process.kill(process.pid, 'SIGKILL')
    return logs.saveCursor(log, view, cursor)
  }
  return new Proxy(logs, {
    get(target, name) {
      if (name === 'saveCursor') return dyingCursor
      const member = Reflect.get(target, name) as unknown
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

const storage = await openEmbeddedStorage({ folder })
const links = inProcessLinks()
const members = inProcessMembers()
const node = 'node-1' as NodeId
const started = await startShardNode({
  node,
  logs: killAt === undefined ? storage.logs : dying(storage.logs, Number(killAt)),
  view: storage.view,
  slots: storage.slots,
  presence: storage.presence,
  stream: kafkaEventStream({ brokers: brokers.split(','), clientId: 'test', topic, partitions: 3 }),
  members,
  listener: links.listener(node),
  events: shardNodeEvents(node, pino({ level: 'silent' }), new Registry()),
  onFatal: (error) => {
    throw error
  },
})
while (started.serving < SLOTS) await new Promise((resolve) => setTimeout(resolve, 10))

const talker = new Talker()
await talker.dial(links, node, started.address)
process.on('message', () => {
  void (async () => {
    talker.close()
    await started.stop()
    process.exit(0)
  })()
})
process.send?.('ready')
while (!talker.closed) {
  for (let conversation = 0; conversation < 10 && !talker.closed; conversation++) {
    const name = `c${conversation}`
    await talker.say(name)
    process.send?.(name)
  }
}
