import type { TemplatedApp } from 'uWebSockets.js'
import { randomBytes } from 'node:crypto'
import {
  type EdgeOptions,
  FileService,
  fileEvents,
  membershipOf,
  mountObjects,
  PostGate,
  type Requests,
} from '@chat4all/edge'
import type { EdgeId, Millis } from '@chat4all/protocol'
import { type FileId, type Records, recordsFiles } from '@chat4all/storage'
import type { RoleContext } from '../roles/role.js'
import type { FileStores } from './open-file-stores.js'

/** Files as one edge has them. */
export class EdgeFiles {
  readonly service: FileService
  private readonly gate: PostGate
  private readonly context: RoleContext
  private readonly stores: FileStores

  constructor(context: RoleContext, edge: EdgeId, records: Records, stores: FileStores, requests: () => Requests) {
    this.context = context
    this.stores = stores
    this.service = new FileService({
      files: recordsFiles(records),
      objects: stores.objects,
      isMember: (app, conversation, user) => membershipOf(requests())(app, conversation, user),
      events: fileEvents(edge, context.logger, context.registry),
      now: () => Date.now() as Millis,
      newFileId: () => `f_${randomBytes(16).toString('base64url')}` as FileId,
    })
    this.gate = new PostGate(this.service)
  }

  readonly mayPost: EdgeOptions['mayPostFile'] & {} = (app, user, conversation, file) =>
    this.gate.mayPost(app, user, conversation, file)

  mount(app: TemplatedApp): void {
    const { embedded } = this.stores
    if (embedded === undefined) return
    const { config, logger } = this.context
    mountObjects(app, embedded, {
      corsOrigins: config.fileOrigins ?? [],
      onFault: (error) => logger.error({ event: 'files.failed', err: error }, 'the folder of files failed'),
    })
  }
}
