import type { AppId, UserId } from '@chat4all/protocol'
import type { Place, Records, StoredRecord } from '../records/port.js'
import { type ChannelAddress, IDENTITIES_PER_USER_MAX, type IdentityStore, type StoredIdentity } from './port.js'

/**
 * An identity is two records. The *claim*, by address, says whose it is: it alone counts, and its key is what makes an
 * address belong to one user only. The *note*, by user, makes a user's identities findable: it is written before the claim
 * and removed after it, so that no claim is ever without a note; a note without a claim (a crash in between) says nothing,
 * and is cleared when the user is erased or adds the identity again.
 */
export interface ErasableIdentities extends IdentityStore {
  eraseAll(app: AppId, user: UserId): Promise<void>
}

export function recordsIdentities(
  records: Records,
  hasProfile: (app: AppId, user: UserId) => Promise<boolean>,
): ErasableIdentities {
  const find = async (app: AppId, address: ChannelAddress): Promise<StoredIdentity | undefined> => {
    const record = await records.get(claimOf(app, address))
    return record && decode<StoredIdentity>(record)
  }

  async function notesOf(app: AppId, user: UserId): Promise<ChannelAddress[]> {
    const rows = await records.list(notesOfUser(app, user), { limit: NOTES_MAX })
    return rows.map(decode<ChannelAddress>)
  }

  async function of(app: AppId, user: UserId): Promise<StoredIdentity[]> {
    const claims = await Promise.all((await notesOf(app, user)).map((note) => find(app, note)))
    return claims.filter((claim) => claim?.user === user) as StoredIdentity[]
  }

  async function removeIf(place: Place, wanted: (record: StoredRecord) => boolean): Promise<boolean> {
    for (;;) {
      const record = await records.get(place)
      if (record === undefined || !wanted(record)) return false
      if (await records.remove(place, record.version)) return true
    }
  }

  async function remove(app: AppId, user: UserId, address: ChannelAddress): Promise<boolean> {
    const isTheirs = (record: StoredRecord) => decode<StoredIdentity>(record).user === user
    const removed = await removeIf(claimOf(app, address), isTheirs)
    await removeIf(noteOf(app, user, address), () => true)
    return removed
  }

  return {
    find,
    of,
    remove,

    async add(identity) {
      const { app, user, channel, address } = identity
      if (!(await hasProfile(app, user))) return 'no user'
      const held = await find(app, identity)
      if (held !== undefined) return held.user === user ? 'existed' : 'taken'
      if ((await of(app, user)).length >= IDENTITIES_PER_USER_MAX) return 'too many'
      await records.put(noteOf(app, user, identity), encode({ channel, address }), undefined)
      if (!(await records.put(claimOf(app, identity), encode(identity), undefined))) {
        const claim = await find(app, identity)
        if (claim?.user === user) return 'existed'
        await removeIf(noteOf(app, user, identity), () => true)
        return 'taken'
      }
      // Erased meanwhile: the eraser may have read the notes before ours was there.
      if (await hasProfile(app, user)) return 'added'
      await remove(app, user, identity)
      return 'no user'
    },

    async eraseAll(app, user) {
      for (;;) {
        const notes = await notesOf(app, user)
        if (notes.length === 0) return
        for (const note of notes) await remove(app, user, note)
      }
    },
  }
}

/** More than a user can have: notes whose claims were never written are among them. */
const NOTES_MAX = 10 * IDENTITIES_PER_USER_MAX

const nameOf = ({ channel, address }: ChannelAddress): string => `${channel}/${address}`
const claimOf = (app: AppId, address: ChannelAddress): Place => ({
  kind: 'identity',
  partition: `${app}/${address.channel}`,
  key: address.address,
})
const notesOfUser = (app: AppId, user: UserId) => ({ kind: 'user-identity', partition: `${app}/${user}` })
const noteOf = (app: AppId, user: UserId, address: ChannelAddress): Place => ({
  ...notesOfUser(app, user),
  key: nameOf(address),
})
const encode = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))
const decode = <T>({ value }: Pick<StoredRecord, 'value'>): T => JSON.parse(Buffer.from(value).toString()) as T
