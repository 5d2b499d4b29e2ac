import type { AppId, UserId } from '@chat4all/protocol'
import type { StoredFile } from '@chat4all/storage'

/** Who asks: a user of an app, or (undefined) the app itself, which acts for all its users. */
export interface Caller {
  readonly app: AppId
  readonly user: UserId | undefined
}

/** Whether it may go on with the upload, or remove the file. */
export function owns({ app, user }: Caller, file: StoredFile): boolean {
  return app === file.app && (user === undefined || user === file.owner)
}
