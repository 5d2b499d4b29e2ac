import type { AppId, UserId } from '@chat4all/protocol'
import type { Partition, Place, Records } from '../records/port.js'
import { changeRecord, decode, encode, leave } from './compare-and-set.js'
import type { ContentStore, FileId, Reference, RemoveBytes, Sha256, StoredContent } from './port.js'

/**
 * `condemned`: somebody found no reference; should there be one yet, the content stays, and is as good as any.
 * `removing`: nobody referred to it when it was condemned already, so nobody ever will. Only now may bytes go: between
 * two who look at references at different times, the compare-and-set from `condemned` decides whether it stays or goes.
 */
type ContentRecord = StoredContent & { readonly going?: 'condemned' | 'removing' }

export function recordsContents(records: Records): ContentStore {
  async function refer(reference: Reference): Promise<void> {
    await changeRecord<Reference>(records, referencePlace(reference), (current) =>
      current === undefined ? reference : leave,
    )
  }

  async function forget(reference: Reference): Promise<void> {
    await changeRecord<Reference>(records, referencePlace(reference), (current) =>
      current === undefined ? leave : undefined,
    )
  }

  async function isReferred(app: AppId, sha256: Sha256): Promise<boolean> {
    return (await records.list(referencePartition(app, sha256), { limit: 1 })).length > 0
  }

  /** Again and again until it is settled: whoever gets in between may have undone what was the first half. */
  async function release(reference: Reference, removeBytes: RemoveBytes): Promise<void> {
    const { app, sha256 } = reference
    const place = contentPlace(app, sha256)
    await forget(reference)
    while (!(await isReferred(app, sha256))) {
      const record = await records.get(place)
      if (record === undefined) return
      const content = decode<ContentRecord>(record)
      if (content.going === 'removing') return finishRemoving(place, removeBytes)
      // To condemned first. Then, behind that mark, the look that decides: who refers after it sees the mark.
      const next = content.going === undefined ? 'condemned' : (await isReferred(app, sha256)) ? undefined : 'removing'
      await records.put(place, encode({ ...stored(content), ...(next && { going: next }) }), record.version)
    }
  }

  async function finishRemoving(place: Place, removeBytes: RemoveBytes): Promise<void> {
    const record = await records.get(place)
    if (record === undefined || decode<ContentRecord>(record).going !== 'removing') return
    await removeBytes(stored(decode<ContentRecord>(record)))
    await records.remove(place, record.version)
  }

  /** The content as it is for one whose reference is written: condemned, it stays after all. */
  async function keep({ app, sha256 }: Reference): Promise<ContentRecord | undefined> {
    const { value } = await changeRecord<ContentRecord>(records, contentPlace(app, sha256), (current) =>
      current?.going === 'condemned' ? stored(current) : leave,
    )
    return value
  }

  return {
    release,

    async get(app, sha256) {
      const record = await records.get(contentPlace(app, sha256))
      const content = record && decode<ContentRecord>(record)
      return content === undefined || content.going === 'removing' ? undefined : stored(content)
    },

    async adopt(reference, removeBytes) {
      await refer(reference)
      const content = await keep(reference)
      if (content !== undefined && content.going === undefined) return content
      // Who let the bytes stay for our sake only has to be told.
      await release(reference, removeBytes)
      return undefined
    },

    async publish(reference, offered, removeBytes) {
      const place = contentPlace(reference.app, reference.sha256)
      await refer(reference)
      for (;;) {
        const content = await keep(reference)
        if (content === undefined) {
          if (await records.put(place, encode(offered), undefined)) return offered
        } else if (content.going === undefined) return content
        else await finishRemoving(place, removeBytes)
      }
    },

    async addCopy(app, sha256, object, store) {
      await changeRecord<ContentRecord>(records, contentPlace(app, sha256), (current) =>
        current === undefined || current.object !== object || current.copies.includes(store)
          ? leave
          : { ...current, copies: [...current.copies, store] },
      )
    },

    async ownedBy(app, sha256, owner) {
      const [first] = await records.list(referencePartition(app, sha256), { prefix: ownerPrefix(owner), limit: 1 })
      return first && decode<Reference>(first).file
    },

    async files(app, sha256, limit) {
      const listed = await records.list(referencePartition(app, sha256), { limit })
      return listed.map((record): FileId => decode<Reference>(record).file)
    },
  }
}

function stored({ going: _, ...content }: ContentRecord): StoredContent {
  return content
}

function contentPlace(app: AppId, sha256: Sha256): Place {
  return { kind: 'file-content', partition: app, key: sha256 }
}

function referencePartition(app: AppId, sha256: Sha256): Partition {
  return { kind: 'file-reference', partition: `${app}/${sha256}` }
}

function referencePlace({ app, sha256, owner, file }: Reference): Place {
  return { ...referencePartition(app, sha256), key: ownerPrefix(owner) + file }
}

/** No id of a user has a slash. */
function ownerPrefix(owner: UserId | undefined): string {
  return `${owner ?? ''}/`
}
