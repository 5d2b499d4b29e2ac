import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ClientStorage, SavedState } from '../client/storage.js'

/**
 * Keeps a client's state in a file of its own, readable by its owner only. A crash leaves the old file or the new one,
 * never half of one.
 */
export function fileStorage(path: string): ClientStorage {
  return {
    async load() {
      let text: string
      try {
        text = await readFile(path, 'utf8')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      }
      try {
        return JSON.parse(text) as SavedState
      } catch (cause) {
        throw new Error(`${path} is damaged. Without it, unsent messages are lost and nothing else: move it away.`, {
          cause,
        })
      }
    },
    async save(state) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      const draft = `${path}.${process.pid}.new`
      const file = await open(draft, 'w', 0o600)
      try {
        await file.writeFile(JSON.stringify(state))
        await file.datasync()
      } finally {
        await file.close()
      }
      await rename(draft, path)
    },
  }
}
