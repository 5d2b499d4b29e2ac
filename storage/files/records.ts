import { createHash } from 'node:crypto'
import type { AppId, ConversationId, Millis, UserId } from '@chat4all/protocol'
import type { Partition, Place, Records } from '../records/port.js'
import { changeRecord, decode, encode, leave } from './compare-and-set.js'
import { recordsContents } from './contents.js'
import type { FileId, FileStore, Reminder, StoredFile } from './port.js'

/** Reminders lie in so many partitions, by file: one would take every upload of a cluster. */
const REMINDER_PARTITIONS = 8
const PAGE = 500
const FILE_ID = /^[A-Za-z0-9_-]{1,64}$/

/** Files on any adapter of records. */
export function recordsFiles(records: Records): FileStore {
  async function remind(app: AppId, file: FileId, at: Millis): Promise<void> {
    const reminder: Reminder = { app, file, at }
    await changeRecord<Reminder>(records, reminderPlace(reminder), (current) =>
      current === undefined ? reminder : leave,
    )
  }

  return {
    contents: recordsContents(records),
    remind,

    async create(file, remindAt) {
      await remind(file.app, file.id, remindAt)
      if (!(await records.put(filePlace(file.app, file.id), encode(file), undefined))) {
        throw new Error(`file ${file.id} exists: its id was made at random`)
      }
    },

    async get(app, id) {
      // A message refers to what its sender likes: an id that no file can have needs no look.
      if (!FILE_ID.test(id)) return undefined
      const record = await records.get(filePlace(app, id))
      return record && decode<StoredFile>(record)
    },

    async update(app, id, change) {
      const { changed, value } = await changeRecord<StoredFile>(records, filePlace(app, id), (current) => {
        const next = current && change(current)
        return next ?? leave
      })
      return changed ? value : undefined
    },

    async remove(app, id) {
      const partition = conversationPartition(app, id)
      for (let page = await records.list(partition, { limit: PAGE }); page.length > 0; ) {
        for (const { key, version } of page) await records.remove({ ...partition, key }, version)
        page = await records.list(partition, { limit: PAGE, after: page.at(-1)!.key })
      }
      await changeRecord<StoredFile>(records, filePlace(app, id), (current) => (current ? undefined : leave))
    },

    async noteSize(app, owner, bytes) {
      await changeRecord<object>(records, sizePlace(app, owner, bytes), (current) => (current ? leave : {}))
    },

    async hasSize(app, owner, bytes) {
      return (await records.get(sizePlace(app, owner, bytes))) !== undefined
    },

    async share(app, id, conversation) {
      const place = { ...conversationPartition(app, id), key: conversation }
      await changeRecord<object>(records, place, (current) => (current === undefined ? {} : leave))
    },

    async isShared(app, id, conversation) {
      return (await records.get({ ...conversationPartition(app, id), key: conversation })) !== undefined
    },

    async conversationsOf(app, id, range) {
      return (await records.list(conversationPartition(app, id), range)).map(({ key }) => key as ConversationId)
    },

    async due(now, limit) {
      const due: Reminder[] = []
      for (let partition = 0; partition < REMINDER_PARTITIONS && due.length < limit; partition++) {
        const listed = await records.list(reminderPartition(partition), { limit: limit - due.length })
        // In the order of their times: behind the first that is not due, none is.
        due.push(...listed.map((record) => decode<Reminder>(record)).filter(({ at }) => at <= now))
      }
      return due
    },

    async done(reminder) {
      await changeRecord<Reminder>(records, reminderPlace(reminder), (current) => (current ? undefined : leave))
    },
  }
}

function filePlace(app: AppId, id: FileId): Place {
  return { kind: 'file', partition: app, key: id }
}

function sizePlace(app: AppId, owner: UserId | undefined, bytes: number): Place {
  return { kind: 'file-size', partition: `${app}/${owner ?? ''}`, key: String(bytes) }
}

function conversationPartition(app: AppId, id: FileId): Partition {
  return { kind: 'file-conversation', partition: `${app}/${id}` }
}

function reminderPartition(partition: number): Partition {
  return { kind: 'file-reminder', partition: String(partition) }
}

function reminderPlace({ app, file, at }: Reminder): Place {
  const partition = createHash('sha256').update(file).digest()[0]! % REMINDER_PARTITIONS
  return { ...reminderPartition(partition), key: `${String(at).padStart(15, '0')}/${app}/${file}` }
}
