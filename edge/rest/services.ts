import type { Authenticator } from '../auth/port.js'
import type { FileService } from '../files/file-service.js'
import type { Requests } from '../requests.js'
import type { RestIds } from './rest-ids.js'

/** What endpoints work with. */
export interface RestServices {
  readonly requests: Requests
  readonly authenticator: Authenticator
  readonly ids: RestIds
  /** Undefined where this server keeps no files. */
  readonly files: FileService | undefined
}
