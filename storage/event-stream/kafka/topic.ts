import type { Admin } from 'kafkajs'
import { type KafkaOptions, MESSAGES_TOPIC } from './connection.js'

const PARTITIONS = 12
const RETENTION_MS = 7 * 24 * 3600 * 1000
/** Above the largest record that a node log can hold (protocol/schema/log-records.ts). */
const MESSAGE_BYTES_MAX = 20 * 1024 * 1024

export function topicOf({ topic }: KafkaOptions): string {
  return topic ?? MESSAGES_TOPIC
}

/** Creates the topic unless it is there; of one that is there nothing is changed. */
export async function ensureTopic(admin: Admin, options: KafkaOptions): Promise<void> {
  const replicationFactor = options.replicationFactor ?? 1
  await admin.createTopics({
    topics: [
      {
        topic: topicOf(options),
        numPartitions: options.partitions ?? PARTITIONS,
        replicationFactor,
        configEntries: [
          { name: 'retention.ms', value: String(options.retentionMs ?? RETENTION_MS) },
          { name: 'min.insync.replicas', value: String(Math.max(1, replicationFactor - 1)) },
          { name: 'max.message.bytes', value: String(MESSAGE_BYTES_MAX) },
          // The broker's clock, so that retention does not follow clocks of nodes.
          { name: 'message.timestamp.type', value: 'LogAppendTime' },
        ],
      },
    ],
  })
}

/**
 * Puts a group that never followed at the end of the topic, durably: what comes from now on is not missed, even if the
 * consumer dies before it has taken anything.
 */
export async function beginAtEnd(admin: Admin, topic: string, group: string): Promise<void> {
  const [known] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
  if (known?.partitions.some(({ offset }) => offset !== '-1')) return
  const ends = await admin.fetchTopicOffsets(topic)
  const partitions = ends.map(({ partition, high }) => ({ partition, offset: high }))
  await admin.setOffsets({ groupId: group, topic, partitions })
}

/** Codes of Kafka for a group that somebody follows, and for one that there is not. */
const NON_EMPTY_GROUP = 68
const GROUP_ID_NOT_FOUND = 69

/** Removes the offsets of a group. (A topic keeps its records by age, whoever has read them.) */
export async function forgetGroup(admin: Admin, group: string): Promise<void> {
  try {
    await admin.deleteGroups([group])
  } catch (error) {
    const { groups = [] } = error as { groups?: readonly { errorCode?: number }[] }
    const isLeft = ({ errorCode }: { errorCode?: number }) =>
      errorCode === NON_EMPTY_GROUP || errorCode === GROUP_ID_NOT_FOUND
    if (groups.length === 0 || !groups.every(isLeft)) throw error
  }
}
