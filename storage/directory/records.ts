import type { AppId } from '@chat4all/protocol'
import type { KeyedRecord, Place, Records, StoredRecord } from '../records/port.js'
import type { DirectoryStore, StoredApp } from './port.js'

/** So long an edge may go on with what it knows of an app: a secret that was taken away on another one is good until then. */
const KNOWN_MS = 2_000
const KNOWN_APPS_MAX = 1_000
const APPS = { kind: 'app', partition: 'all' }
const PAGE = 500

export interface RecordsDirectoryOptions {
  /** A clock that only goes forward, in milliseconds. */
  readonly elapsed?: () => number
}

interface Known {
  readonly app: Promise<StoredApp | undefined>
  readonly until: number
}

/**
 * The directory in records. What was read of an app is good for a moment, also that there is none: every token that is
 * asked for comes by here, and what it costs must not depend on the store. Changes made here are seen here at once.
 */
export function recordsDirectory(
  records: Records,
  { elapsed = () => performance.now() }: RecordsDirectoryOptions = {},
): DirectoryStore {
  const known = new Map<AppId, Known>()

  function read(id: AppId): Promise<StoredApp | undefined> {
    if (!isKey(id)) return Promise.resolve(undefined)
    const app = records.get(placeOf(id)).then((record) => record && decode(record))
    const entry = { app, until: elapsed() + KNOWN_MS }
    if (known.size >= KNOWN_APPS_MAX) known.delete(known.keys().next().value!)
    known.set(id, entry)
    // A failure is nothing that one knows.
    app.catch(() => {
      if (known.get(id) === entry) known.delete(id)
    })
    return app
  }

  return {
    app(id) {
      const entry = known.get(id)
      if (entry !== undefined && elapsed() < entry.until) return entry.app
      known.delete(id)
      return read(id)
    },

    async createApp(app) {
      try {
        return await records.put(placeOf(app.id), encode(app), undefined)
      } finally {
        known.delete(app.id)
      }
    },

    async changeApp(id, change) {
      if (!isKey(id)) return undefined
      try {
        for (;;) {
          const record = await records.get(placeOf(id))
          if (record === undefined) return undefined
          const app = decode(record)
          const changed = change(app)
          if (changed === undefined) return app
          if (await records.put(placeOf(id), encode(changed), record.version)) return changed
        }
      } finally {
        known.delete(id)
      }
    },

    async apps() {
      const apps: StoredApp[] = []
      let page: KeyedRecord[]
      do {
        const after = apps.at(-1)?.id
        page = await records.list(APPS, { limit: PAGE, ...(after !== undefined && { after }) })
        apps.push(...page.map(decode))
      } while (page.length === PAGE)
      return apps
    },

    async close() {
      known.clear()
    },
  }
}

const placeOf = (id: AppId): Place => ({ ...APPS, key: id })

/** Whoever asks for a token says what it likes: an id that no app can have needs no look. */
const isKey = (id: string): boolean => /^[A-Za-z0-9._-]{1,64}$/.test(id)

const encode = (app: StoredApp): Uint8Array => Buffer.from(JSON.stringify(app))

/** Before 2.0.0-alpha.2 an app had the hashes of its secrets and nothing else of them. */
type OldApp = Omit<StoredApp, 'secrets'> & { readonly secretHashes: readonly string[] }

function decode({ value }: StoredRecord): StoredApp {
  return upToDate(JSON.parse(Buffer.from(value).toString()) as StoredApp | OldApp)
}

export function upToDate(stored: StoredApp | OldApp): StoredApp {
  if (!('secretHashes' in stored)) return stored
  const { secretHashes, ...app } = stored
  return { ...app, secrets: secretHashes.map((hash, i) => ({ id: `s${i + 1}`, hash, created: app.created })) }
}
