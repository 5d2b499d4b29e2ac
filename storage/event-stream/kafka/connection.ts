import { Kafka, logLevel } from 'kafkajs'

export interface KafkaOptions {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly topic?: string
  /** Of a topic that does not exist yet. Their number never changes afterwards: it decides where a conversation is. */
  readonly partitions?: number
  readonly replicationFactor?: number
  /** How long messages stay in a topic that does not exist yet, milliseconds. */
  readonly retentionMs?: number
  /** Told of what fails; it is tried again without end. */
  readonly onFault?: (fault: KafkaFault) => void
}

export interface KafkaFault {
  readonly what: 'publish' | 'consume' | 'handle'
  /**
   * `away`: no broker answers, it comes back by itself. `refused`: brokers answer and will not have it; an operator has to
   * change something. `rejected`: the consumer's own code did not take the events.
   */
  readonly kind: 'away' | 'refused' | 'rejected'
  readonly error: Error
}

export const MESSAGES_TOPIC = 'messages'

/** A broker that is stopped, not gone, is given up after this long. */
export const REQUEST_MS_MAX = 5_000
const CONNECT_MS_MAX = 3_000

/** Retries inside are few: whoever publishes or follows tries again without end, and tells of it. */
export function kafkaOf({ brokers, clientId }: KafkaOptions): Kafka {
  return new Kafka({
    brokers: [...brokers],
    clientId,
    requestTimeout: REQUEST_MS_MAX,
    connectionTimeout: CONNECT_MS_MAX,
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 2 },
  })
}

/** What no waiting repairs. */
const REFUSALS =
  /AUTHORIZATION|SASL|MESSAGE_TOO_LARGE|RECORD_LIST_TOO_LARGE|INVALID_CONFIG|POLICY_VIOLATION|UNSUPPORTED/

export function faultKind(error: unknown): 'away' | 'refused' {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (REFUSALS.test(String((cause as { type?: unknown }).type))) return 'refused'
  }
  return 'away'
}
