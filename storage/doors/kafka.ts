/** The event stream of a cluster. */
export {
  type KafkaFault,
  type KafkaOptions,
  kafkaEventSource,
  kafkaEventStream,
  MESSAGES_TOPIC,
} from '../event-stream/kafka.js'
