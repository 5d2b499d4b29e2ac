export { Chat4AllError, ERRORS, type ErrorCode, type Payload, type StoredPayload } from '@chat4all/protocol'
export { Client } from './client/client.js'
export type { ClientEvents, ConnectionState } from './client/events.js'
export { CertificateError, certificateFault } from './client/no-answer.js'
export type { ClientOptions, WebSocketConstructor, WebSocketLike } from './client/options.js'
export { requestToken, type Token, type TokenCredentials } from './client/request-token.js'
export type { ClientStorage, KeyValueStorage, SavedCursor, SavedRequest, SavedState } from './client/storage.js'
export { webStorage } from './client/web-storage.js'
export type { BackoffLimits } from './core/backoff.js'
export type { ConversationView, MemberView } from './core/conversation-view.js'
export { afterErasure } from './core/erasure.js'
export type {
  Committed,
  Content,
  Erasure,
  HistoryPage,
  HistoryQuery,
  Message,
  MessageStatus,
  Sending,
  SendingStatus,
  SendOptions,
} from './core/message.js'
export { type FileContent, Files, type FilesOptions, fileContent } from './files/files.js'
export type { FilesApiOptions } from './files/files-api.js'
export { type Hasher, type NewHasher, portableHasher } from './files/hasher.js'
export { type PartTransport, platformTransport } from './files/part-transport.js'
export { blobSource, type FileSource } from './files/source.js'
export type { Upload, UploadedFile, UploadOptions, UploadProgress, UploadState } from './files/upload.js'
