import type { ClientStorage, KeyValueStorage, SavedState } from './storage.js'

/**
 * Keeps a client's state in the browser: `webStorage(localStorage, 'chat4all')`. Two tabs must not share a key: each
 * would tell the other's unsent messages; give each its own, or use sessionStorage.
 */
export function webStorage(area: KeyValueStorage, key: string): ClientStorage {
  return {
    load() {
      const text = area.getItem(key)
      return text === null ? undefined : (JSON.parse(text) as SavedState)
    },
    save: (state) => area.setItem(key, JSON.stringify(state)),
  }
}
