import type { AppId } from '@chat4all/protocol'
import type { AppQuotas, DirectoryStore } from '@chat4all/storage'

/**
 * What an operator allows the app, in the place of the server's own limits. Never rejects: a directory that does not answer
 * lifts no limit, as the server's own are there still.
 */
export async function quotasOf(directory: DirectoryStore, app: AppId): Promise<AppQuotas | undefined> {
  return (await directory.app(app).catch(() => undefined))?.quotas
}
