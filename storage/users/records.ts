import type { AppId, UserId } from '@chat4all/protocol'
import type { Place, Records, StoredRecord } from '../records/port.js'
import { recordsIdentities } from './identities.js'
import type { StoredUser, UserStore } from './port.js'

/** Users in records, one partition for each app. */
export function recordsUsers(records: Records): UserStore {
  const get = async (app: AppId, id: UserId): Promise<StoredUser | undefined> => {
    const record = await records.get(placeOf(app, id))
    return record && decode(record)
  }
  const identities = recordsIdentities(records, async (app, user) => (await get(app, user)) !== undefined)

  return {
    identities,
    get,

    create: (user) => records.put(placeOf(user.app, user.id), encode(user), undefined),

    async update(app, id, change) {
      for (;;) {
        const record = await records.get(placeOf(app, id))
        if (record === undefined) return undefined
        const user = decode(record)
        const changed = change(user)
        if (changed === undefined) return user
        if (await records.put(placeOf(app, id), encode(changed), record.version)) return changed
      }
    },

    async list(app, { after, limit }) {
      const rows = await records.list(partitionOf(app), { limit, ...(after !== undefined && { after }) })
      return rows.map(decode)
    },

    async erase(app, id) {
      // The profile first: whoever adds an identity looks for it afterwards, and takes it back when it is gone.
      for (;;) {
        const record = await records.get(placeOf(app, id))
        if (record === undefined || (await records.remove(placeOf(app, id), record.version))) break
      }
      await identities.eraseAll(app, id)
    },
  }
}

const partitionOf = (app: AppId) => ({ kind: 'user', partition: app })
const placeOf = (app: AppId, id: UserId): Place => ({ ...partitionOf(app), key: id })
const encode = (user: StoredUser): Uint8Array => Buffer.from(JSON.stringify(user))
const decode = ({ value }: Pick<StoredRecord, 'value'>): StoredUser => {
  const { name, avatarUrl, ...rest } = JSON.parse(Buffer.from(value).toString()) as StoredUser
  return { ...rest, name, avatarUrl }
}
