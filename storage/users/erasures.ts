import type { AppId, Millis, UserId } from '@chat4all/protocol'
import type { Place, Records, StoredRecord } from '../records/port.js'

/** Jobs that erase what is kept of a user. Any edge goes on with one: nobody holds it, and every step may be repeated. */
export interface ErasureStore {
  create(erasure: StoredErasure): Promise<void>
  get(app: AppId, id: string): Promise<StoredErasure | undefined>
  /** Changes it as it is now; undefined: there is none. */
  update(erasure: ErasureRef, change: (erasure: StoredErasure) => StoredErasure): Promise<StoredErasure | undefined>
  /** Some that are not done, of all apps, in no particular order. */
  unfinished(limit: number): Promise<ErasureRef[]>
}

export interface ErasureRef {
  readonly app: AppId
  readonly id: string
}

export interface StoredErasure extends ErasureRef {
  readonly user: UserId
  readonly status: 'pending' | 'done'
  readonly created: Millis
  readonly updated: Millis
  /** Conversations in which what the user said is erased. */
  readonly conversations: number
  /** How often a step failed since the last that did not. */
  readonly failures: number
  /** Nobody else need go on with it before. */
  readonly busyUntil: Millis
}

/** So long its outcome can be asked for. */
const DONE_SECONDS = 30 * 86_400

export function recordsErasures(records: Records): ErasureStore {
  const get = async ({ app, id }: ErasureRef): Promise<StoredErasure | undefined> => {
    const record = await records.get(placeOf({ app, id }))
    return record && decode(record)
  }

  /** The mark says that there is something to do: written first and removed last, so that no job is forgotten. */
  async function unmark(ref: ErasureRef): Promise<void> {
    for (;;) {
      const mark = await records.get(markOf(ref))
      if (mark === undefined || (await records.remove(markOf(ref), mark.version))) return
    }
  }

  return {
    get: (app, id) => get({ app, id }),

    async create(erasure) {
      await records.put(markOf(erasure), encode({ app: erasure.app, id: erasure.id }), undefined)
      await records.put(placeOf(erasure), encode(erasure), undefined)
    },

    async update(ref, change) {
      for (;;) {
        const record = await records.get(placeOf(ref))
        if (record === undefined) {
          await unmark(ref)
          return undefined
        }
        const changed = change(decode(record))
        const isDone = changed.status === 'done'
        const options = isDone ? { ttlSeconds: DONE_SECONDS } : {}
        if (!(await records.put(placeOf(ref), encode(changed), record.version, options))) continue
        if (isDone) await unmark(ref)
        return changed
      }
    },

    async unfinished(limit) {
      const rows = await records.list(MARKS, { limit })
      return rows.map(({ value }) => JSON.parse(Buffer.from(value).toString()) as ErasureRef)
    },
  }
}

const MARKS = { kind: 'unfinished-erasure', partition: 'all' }
const markOf = ({ app, id }: ErasureRef): Place => ({ ...MARKS, key: `${app}/${id}` })
const placeOf = ({ app, id }: ErasureRef): Place => ({ kind: 'erasure', partition: app, key: id })
const encode = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))
const decode = ({ value }: Pick<StoredRecord, 'value'>): StoredErasure =>
  JSON.parse(Buffer.from(value).toString()) as StoredErasure
