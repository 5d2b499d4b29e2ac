import type { AppId } from '@chat4all/protocol'
import type { DirectoryStore, StoredApp } from '@chat4all/storage'

/** A directory in memory, for tests. */
export function fakeDirectory(): DirectoryStore {
  const apps = new Map<AppId, StoredApp>()
  return {
    app: async (id) => apps.get(id),
    saveApp: async (app) => void apps.set(app.id, app),
    apps: async () => [...apps.values()],
    close: async () => {},
  }
}
