import { Client } from '../client/client.js'
import type { ClientOptions } from '../client/options.js'
import { Files, type FilesOptions } from '../files/files.js'
import { nodeHasher } from './file-source.js'
import { nodeTransport } from './part-transport.js'
import { WebSocket } from './web-socket.js'

export * from '../index.js'
export { type Downloaded, type DownloadOptions, downloadFile } from './download/download-file.js'
export { nodeHasher, openFileSource } from './file-source.js'
export { fileStorage } from './file-storage.js'
export { WebSocket }

/** A Client on any Node: with the WebSocket of the package `ws`, the same on all versions. */
export function nodeClient(options: ClientOptions): Client {
  return new Client({ WebSocket, ...options })
}

/** Files, with Node's own hash and HTTP. */
export function nodeFiles(options: FilesOptions): Files {
  return new Files({ transport: nodeTransport, newHasher: nodeHasher, ...options })
}
