import type { AppId } from '@chat4all/protocol'
import type { DirectoryStore, StoredApp } from '@chat4all/storage'

/** A directory in memory, for tests. */
export function fakeDirectory(): DirectoryStore {
  const apps = new Map<AppId, StoredApp>()
  return {
    app: async (id) => apps.get(id),
    async createApp(app) {
      if (apps.has(app.id)) return false
      apps.set(app.id, app)
      return true
    },
    async changeApp(id, change) {
      const app = apps.get(id)
      const changed = app && change(app)
      if (changed !== undefined) apps.set(id, changed)
      return changed ?? app
    },
    apps: async () => [...apps.values()],
    close: async () => {},
  }
}
