import type { DownloadAnswer, FileAnswer } from '@chat4all/protocol/rest'
import { FilesApi, type FilesApiOptions } from './files-api.js'
import { type NewHasher, portableHasher } from './hasher.js'
import { type PartTransport, platformTransport } from './part-transport.js'
import type { FileSource } from './source.js'
import { Upload, type UploadedFile, type UploadOptions } from './upload.js'

export interface FilesOptions extends FilesApiOptions {
  /** How parts are sent, and what hashes them. The platform's own unless given. */
  readonly transport?: PartTransport
  readonly newHasher?: NewHasher
}

/** What a message that refers to the file holds: give it to `client.send`. */
export type FileContent = {
  readonly type: 'file'
  readonly file_id: string
  readonly name: string
  readonly size: number
  readonly mime: string
  readonly caption?: string
}

/** Files of a user: up to 2 GiB each. The bytes go between here and the store of files, not through a session. */
export class Files {
  private readonly api: FilesApi
  private readonly transport: PartTransport
  private readonly newHasher: NewHasher

  /** @throws Chat4AllError INVALID for a bad url. */
  constructor(options: FilesOptions) {
    this.api = new FilesApi(options)
    this.transport = options.transport ?? platformTransport
    this.newHasher = options.newHasher ?? portableHasher
  }

  /** Begins, or goes on with, an upload. */
  uploadFile(source: FileSource, options: UploadOptions = {}): Upload {
    const { api, transport, newHasher } = this
    return new Upload(source, options, { api, transport, newHasher })
  }

  /** What is known of a file. `conversation`: in which it was posted. */
  get(fileId: string, conversation?: string): Promise<FileAnswer> {
    return this.api.get(fileId, conversation)
  }

  /** An address that gives the bytes for a while, to whoever has it; takes Range. */
  async downloadUrl(
    fileId: string,
    options: { readonly disposition?: 'inline' | 'attachment'; readonly conversation?: string } = {},
  ): Promise<DownloadAnswer> {
    const { url, expires } = await this.api.download(fileId, options.disposition ?? 'attachment', options.conversation)
    return { url: this.api.resolve(url), expires }
  }

  /** Removes a file of this user for everybody. */
  remove(fileId: string): Promise<void> {
    return this.api.remove(fileId)
  }
}

/** The content of a message that refers to an uploaded file. */
export function fileContent({ file_id, name, size, mime }: UploadedFile, caption?: string): FileContent {
  return { type: 'file', file_id, name, size, mime, ...(caption !== undefined && { caption }) }
}
