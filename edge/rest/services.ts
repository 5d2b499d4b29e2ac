import type { DirectoryStore, Records, UserStore } from '@chat4all/storage'
import type { Authenticator } from '../auth/port.js'
import type { FileService } from '../files/file-service.js'
import type { Requests } from '../requests.js'
import type { WebhookService } from '../webhooks/webhook-service.js'
import type { EventStreams } from './event-stream/event-streams.js'
import type { RestIds } from './rest-ids.js'
import type { UserErasures } from './users/user-erasures.js'

/** What endpoints work with. */
export interface RestServices {
  readonly requests: Requests
  readonly authenticator: Authenticator
  readonly ids: RestIds
  readonly directory: DirectoryStore
  readonly records: Records
  readonly users: UserStore
  readonly userErasures: UserErasures
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Undefined where there are no sessions to make them of. */
  readonly eventStreams: EventStreams | undefined
  /** Undefined where this server keeps no files. */
  readonly files: FileService | undefined
  /** Undefined where this server has no webhooks. */
  readonly webhooks: WebhookService | undefined
}
