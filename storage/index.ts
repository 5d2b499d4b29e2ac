/** What every process may load: ports, and what stands on them alone. Adapters that need an engine's client: doors/. */
export { DataFolderInUseError } from './data-folder-in-use-error.js'
export type * from './directory/port.js'
export { recordsDirectory } from './directory/records.js'
export { type NodeLogEvents, type NodeLogEventsOptions, openNodeLogEvents } from './event-stream/node-logs.js'
export type * from './event-stream/port.js'
export { DamagedFileError } from './file-system/damaged-file-error.js'
export type * from './file-system/port.js'
export type * from './files/port.js'
export { recordsFiles } from './files/records.js'
export type * from './message-view/port.js'
export { ViewFailedError } from './message-view/view-failed-error.js'
export * from './node-log/port.js'
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
export { everywherePresence } from './presence/everywhere.js'
export { inProcessPresence } from './presence/in-process.js'
export type * from './presence/port.js'
export { inProcessRateLimits } from './rate-limits/in-process.js'
export type * from './rate-limits/port.js'
export type * from './records/port.js'
export type * from './slot-table/port.js'
export { type ErasureRef, type ErasureStore, recordsErasures, type StoredErasure } from './users/erasures.js'
export * from './users/port.js'
export { recordsUsers } from './users/records.js'
export { deliveryId, timeOfDelivery } from './webhooks/delivery-id.js'
export * from './webhooks/port.js'
export { type RecordsWebhooksOptions, recordsWebhooks } from './webhooks/records.js'
export { newWebhookSecret } from './webhooks/secret.js'
export { SECRETS_KEY_BYTES, SealedSecretError } from './webhooks/secret-box.js'
