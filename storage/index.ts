export { type CassandraOptions, connectCassandra, joinCassandra } from './cassandra/connection.js'
export { type DataFolder, DataFolderInUseError, openDataFolder } from './data-folder.js'
export type * from './directory/port.js'
export { recordsDirectory } from './directory/records.js'
export {
  type EmbeddedEdgeStorage,
  type EmbeddedStorage,
  type EmbeddedStorageOptions,
  openEmbeddedEdgeStorage,
  openEmbeddedStorage,
} from './embedded.js'
export {
  type KafkaFault,
  type KafkaOptions,
  kafkaEventSource,
  kafkaEventStream,
  MESSAGES_TOPIC,
} from './event-stream/kafka.js'
export { type NodeLogEvents, type NodeLogEventsOptions, openNodeLogEvents } from './event-stream/node-logs.js'
export type * from './event-stream/port.js'
export { DamagedFileError } from './file-system/damaged-file-error.js'
export type * from './file-system/port.js'
export type * from './files/port.js'
export { recordsFiles } from './files/records.js'
export { cassandraMessageView } from './message-view/cassandra.js'
export { openClassicLevelView } from './message-view/classic-level.js'
export type * from './message-view/port.js'
export { ViewFailedError } from './message-view/view-failed-error.js'
export { cassandraNodeLogs } from './node-log/cassandra.js'
export * from './node-log/port.js'
export {
  openSegmentFiles,
  type SegmentFilesOptions,
  type SegmentSizes,
  type TornTail,
} from './node-log/segment-files.js'
export {
  type EmbeddedObjects,
  type EmbeddedObjectsOptions,
  OBJECTS_PATH,
  type OpenObject,
  openEmbeddedObjects,
  PartBusyError,
  type PartWriter,
  type ReceivedPart,
  type ServedObject,
} from './objects/embedded.js'
export { ObjectStores, type ObjectStoresOptions, type PlacedStore, type StoreId } from './objects/placement.js'
export * from './objects/port.js'
export { openS3, type S3Options } from './objects/s3.js'
export { everywherePresence } from './presence/everywhere.js'
export { inProcessPresence } from './presence/in-process.js'
export type * from './presence/port.js'
export { type RedisPresenceOptions, redisPresence } from './presence/redis-cluster.js'
export { inProcessRateLimits } from './rate-limits/in-process.js'
export type * from './rate-limits/port.js'
export { redisRateLimits } from './rate-limits/redis-cluster.js'
export { cassandraRecords } from './records/cassandra.js'
export { openClassicLevelRecords } from './records/classic-level.js'
export type * from './records/port.js'
export { openRedis, type Redis, type RedisOptions } from './redis/connection.js'
export { openBytes, SEALING_KEY_BYTES, sealBytes } from './sealed-bytes.js'
export { cassandraSlotTable } from './slot-table/cassandra.js'
export { openSlotFile } from './slot-table/file.js'
export type * from './slot-table/port.js'
export { type ErasureRef, type ErasureStore, recordsErasures, type StoredErasure } from './users/erasures.js'
export * from './users/port.js'
export { recordsUsers } from './users/records.js'
export { deliveryId, timeOfDelivery } from './webhooks/delivery-id.js'
export * from './webhooks/port.js'
export { type RecordsWebhooksOptions, recordsWebhooks } from './webhooks/records.js'
export { newWebhookSecret } from './webhooks/secret.js'
export { SealedSecretError } from './webhooks/secret-box.js'
