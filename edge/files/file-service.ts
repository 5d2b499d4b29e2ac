import { Chat4AllError, type ConversationId, type Millis, type UserId } from '@chat4all/protocol'
import {
  bytesOfPart,
  type FileId,
  type Layout,
  NoSuchUploadError,
  type ObjectStore,
  ObjectStoreUnavailableError,
  objectName,
  partCount,
  type Sha256,
  type StoredContent,
  type StoredFile,
  type StoredPart,
  type StoreId,
  type Upload,
  type UploadPlace,
} from '@chat4all/storage'
import { type Caller, owns } from './caller.js'
import { contentDisposition, type Disposition } from './content-disposition.js'
import { type FileContext, storeOf } from './file-context.js'
import {
  COMPLETE_WAIT_BYTES_MAX,
  COMPLETE_WAIT_MS,
  CONVERSATIONS_ASKED_MAX,
  DOWNLOAD_URL_SECONDS,
  PART_BYTES,
  PART_URL_SECONDS,
  UPLOAD_MS_MAX,
  VERIFY_BUSY_MS,
} from './limits.js'
import { removeBytes, removeFile } from './removal.js'
import { sweep } from './sweeper.js'
import { faultOf, partsText, type Told, Verifications } from './verification.js'

export interface NewFile {
  readonly name: string
  readonly mime: string
  readonly bytes: number
  /** Known bytes are not sent again: those of a file that the caller may read. */
  readonly checksum: Sha256 | undefined
}

export interface PartUrl {
  readonly part: number
  readonly bytes: number
  readonly url: string
}

export interface DownloadUrl {
  readonly url: string
  readonly expires: Millis
}

const SWEEP_MS = 30_000

/**
 * Files from the first request to the last reader. Who asks is checked here; what is not for the caller is NOT_FOUND,
 * as if it did not exist. A store of bytes that does not answer is UNAVAILABLE.
 */
export class FileService {
  private readonly context: FileContext
  private readonly verifications: Verifications
  private readonly sweeping: NodeJS.Timeout
  private lastSweep: Promise<void> = Promise.resolve()

  constructor(context: FileContext, { sweepMs = SWEEP_MS }: { readonly sweepMs?: number } = {}) {
    this.context = context
    this.verifications = new Verifications(context)
    this.sweeping = setInterval(() => {
      this.lastSweep = this.lastSweep.then(() => this.sweep()).catch(() => {})
    }, sweepMs)
    this.sweeping.unref()
  }

  /**
   * Begins an upload; or, when the caller has these bytes already, makes a ready file of them. Bytes that only others
   * have are sent all the same: to tell that they are there would tell what others have, and a checksum is no proof of
   * having the bytes. They are still kept only once, from when the upload was verified.
   */
  async initiate(caller: Caller, owner: UserId | undefined, asked: NewFile): Promise<StoredFile> {
    const { checksum } = asked
    if (checksum !== undefined && (await this.mayReuse(caller, owner, checksum, asked.bytes))) {
      const ready = await this.reuse(caller, owner, asked, checksum)
      if (ready !== undefined) return ready
    }
    // A store that went down just now is not known to be down yet: then the next one takes the file.
    for (let left = this.context.objects.taking; ; left--) {
      try {
        return await this.begin(caller, owner, asked)
      } catch (error) {
        if (left <= 1 || !(error instanceof Chat4AllError) || error.code !== 'UNAVAILABLE') throw error
      }
    }
  }

  /** Whether the owner has a file of this size: then its checksum is worth knowing before bytes are sent. */
  hasSameSize({ app, owner, layout }: StoredFile): Promise<boolean> {
    return this.context.files.hasSize(app, owner, layout.bytes)
  }

  /** What is there of an upload. Empty once it is completed. */
  async parts(caller: Caller, id: FileId): Promise<{ file: StoredFile; parts: StoredPart[] }> {
    const file = await this.owned(caller, id)
    if (file.state.type !== 'uploading') return { file, parts: [] }
    const { place } = file.state
    try {
      return {
        file,
        parts: await this.reachable(place.store, (store) => store.parts(uploadOf(file, place))),
      }
    } catch (error) {
      if (error instanceof NoSuchUploadError) return { file, parts: [] }
      throw error
    }
  }

  /** Addresses to put parts to. */
  async partUrls(caller: Caller, id: FileId, parts: readonly number[]): Promise<PartUrl[]> {
    const file = await this.owned(caller, id)
    if (file.state.type !== 'uploading') throw new Chat4AllError('INVALID', `The file is ${file.state.type}.`)
    const { place } = file.state
    const count = partCount(file.layout)
    const beyond = parts.find((part) => part > count)
    if (beyond !== undefined) throw new Chat4AllError('INVALID', `There is no part ${beyond}: the file has ${count}.`)
    const store = storeOf(this.context, place.store)
    return Promise.all(
      parts.map(async (part) => ({
        part,
        bytes: bytesOfPart(file.layout, part),
        url: await store.partUrl(uploadOf(file, place), part, PART_URL_SECONDS),
      })),
    )
  }

  /**
   * Ends an upload: every part has to be there, in its size. Resolves with the file: most often `ready` if it is small,
   * after a moment; else `verifying`. May be repeated, at any edge; once it has failed, also with other checksums.
   */
  async complete(
    caller: Caller,
    id: FileId,
    checksum: Sha256,
    parts: readonly Sha256[] | undefined,
  ): Promise<StoredFile> {
    const file = await this.owned(caller, id)
    const { state } = file
    const count = partCount(file.layout)
    if (parts !== undefined && parts.length !== count) {
      throw new Chat4AllError('INVALID', `${parts.length} checksums of parts were given, the file has ${count} parts.`)
    }
    if (state.type === 'uploading') {
      await this.join(file, state.place)
      const busyUntil = (this.context.now() + VERIFY_BUSY_MS) as Millis
      await this.context.files.remind(caller.app, id, busyUntil)
      await this.context.files.update(caller.app, id, (current) =>
        current.state.type === 'uploading'
          ? { ...current, state: { type: 'verifying', place: state.place, checksum, parts, busyUntil: 0 as Millis } }
          : undefined,
      )
    } else if (state.type === 'failed') await this.tellBetter(file, { checksum, parts })
    const current = await this.owned(caller, id)
    if (current.state.type === 'uploading') throw new Chat4AllError('UNAVAILABLE')
    if (current.state.checksum !== checksum) {
      const verdict = current.state.type === 'verifying' ? ': wait for the verdict' : ''
      throw new Chat4AllError('INVALID', `The upload was completed before, with another checksum${verdict}.`)
    }
    if (current.state.type !== 'verifying') return current
    const verified = this.resumeVerifying(current)
    const isSmall = file.layout.bytes <= COMPLETE_WAIT_BYTES_MAX
    if (verified !== undefined && isSmall) await Promise.race([verified, later(COMPLETE_WAIT_MS)])
    return (await this.context.files.get(caller.app, id)) ?? current
  }

  /** What a failed upload holds is known: what is now told of it is compared with that. */
  private async tellBetter({ app, id }: StoredFile, { checksum, parts }: Told): Promise<void> {
    const { files, now } = this.context
    await files.remind(app, id, (now() + VERIFY_BUSY_MS) as Millis)
    await files.update(app, id, (current) => {
      const { state } = current
      if (state.type !== 'failed' || state.stored === undefined) return undefined
      const { place, stored } = state
      const reason = faultOf({ checksum, parts }, stored)
      if (reason !== undefined) return { ...current, state: { ...state, checksum, reason } }
      return { ...current, state: { type: 'verifying', place, checksum, parts, busyUntil: 0 as Millis, stored } }
    })
  }

  /** The file, for those who may read it. `conversation`: in which it was posted, if the caller knows. */
  async get(caller: Caller, id: FileId, conversation?: ConversationId): Promise<StoredFile> {
    const file = await this.visible(caller, id, conversation)
    // Its edge may have died while it verified: who waits for the file gets it going again.
    void this.resumeVerifying(file)
    return file
  }

  /** The manifest of a ready file. */
  async content(file: StoredFile): Promise<StoredContent | undefined> {
    if (file.state.type !== 'ready') return undefined
    return this.context.files.contents.get(file.app, file.state.checksum)
  }

  async download(
    caller: Caller,
    id: FileId,
    how: { readonly disposition: Disposition; readonly conversation?: ConversationId | undefined },
  ): Promise<DownloadUrl> {
    const { objects, now } = this.context
    const file = await this.visible(caller, id, how.conversation)
    const content = await this.content(file)
    if (content === undefined) throw new Chat4AllError('NOT_FOUND', `The file is ${file.state.type}.`)
    const [from] = objects.readersOf(content.object, content.copies)
    if (from === undefined) throw unavailable('no store that has the file is on the list')
    const url = await this.reachable(from, (store) =>
      store.downloadUrl(content.object, {
        seconds: DOWNLOAD_URL_SECONDS,
        ...contentDisposition(file, how.disposition),
      }),
    )
    return { url, expires: (now() + DOWNLOAD_URL_SECONDS * 1000) as Millis }
  }

  /** Drops an upload, or removes a file for everybody. Its bytes stay while other files are the same. */
  async remove(caller: Caller, id: FileId): Promise<void> {
    const file = await this.context.files.get(caller.app, id)
    if (file === undefined || !owns(caller, file)) throw notFound(id)
    await told(() => removeFile(this.context, caller.app, id))
  }

  /**
   * Whether the user may post the file in this conversation: it is ready, and the user may read it. If so, the members
   * of the conversation may read it from now on.
   */
  async post(caller: Caller, id: FileId, conversation: ConversationId): Promise<boolean> {
    const { files } = this.context
    const file = await files.get(caller.app, id)
    if (file?.state.type !== 'ready') return false
    if (!(await this.maySee(caller, file, conversation))) return false
    await files.share(caller.app, id, conversation)
    return true
  }

  /** Does now what is due. */
  sweep(): Promise<void> {
    return sweep(this.context, this.verifications)
  }

  /** Work that is under way is left to whoever is reminded of it. */
  async close(): Promise<void> {
    clearInterval(this.sweeping)
    await this.lastSweep
  }

  /** Resolves when nothing is verified here any more: for tests. */
  settled(): Promise<void> {
    return this.verifications.settled()
  }

  private resumeVerifying({ app, id, state }: StoredFile): Promise<void> | undefined {
    if (state.type !== 'verifying') return undefined
    if (state.busyUntil > this.context.now() && !this.verifications.isRunning(app, id)) return undefined
    return this.verifications.verify(app, id)
  }

  private async join(file: StoredFile, place: UploadPlace): Promise<void> {
    const upload = uploadOf(file, place)
    await this.reachable(place.store, async (store) => {
      try {
        const there = await store.parts(upload)
        checkParts(file.layout, there)
        await store.complete(upload, there)
      } catch (error) {
        if (!(error instanceof NoSuchUploadError)) throw error
        // Completed by one that died before it could say so; or never begun, or gone.
        if ((await store.stat(place.object))?.bytes !== file.layout.bytes) {
          throw new Chat4AllError('INVALID', 'The upload is not there any more: initiate it again.')
        }
      }
    })
  }

  private async reuse(
    caller: Caller,
    owner: UserId | undefined,
    asked: NewFile,
    checksum: Sha256,
  ): Promise<StoredFile | undefined> {
    const { files, now, newFileId, events } = this.context
    const id = newFileId()
    const layout: Layout = { bytes: asked.bytes, partBytes: PART_BYTES }
    const about = { id, app: caller.app, owner, name: asked.name, mime: asked.mime, layout, created: now() }
    // A crash in between leaves a file that says `deleting`: the sweeper takes its reference back.
    const file: StoredFile = { ...about, state: { type: 'deleting', checksum, place: undefined } }
    await files.create(file, (now() + VERIFY_BUSY_MS) as Millis)
    const reference = { app: caller.app, sha256: checksum, owner, file: id }
    const content = await files.contents.adopt(reference, removeBytes(this.context))
    const ready =
      content &&
      (await files.update(caller.app, id, (current) => ({
        ...current,
        layout: content.layout,
        state: { type: 'ready', checksum, place: undefined },
      })))
    if (ready === undefined) await files.remove(caller.app, id)
    else events.initiated(ready, true)
    return ready
  }

  private async begin(caller: Caller, owner: UserId | undefined, asked: NewFile): Promise<StoredFile> {
    const { files, objects, now, newFileId, events } = this.context
    const id = newFileId()
    const object = objectName(`${caller.app}/${id}`)
    const expires = (now() + UPLOAD_MS_MAX) as Millis
    const layout: Layout = { bytes: asked.bytes, partBytes: PART_BYTES }
    const [store] = objects.placesFor(object)
    const about = { id, app: caller.app, owner, name: asked.name, mime: asked.mime, layout, created: now() }
    const place = (upload: string): UploadPlace => ({ store: store!, object, upload: upload as UploadPlace['upload'] })
    // Written before the store hears of it, so that whatever it begins will be swept.
    const file: StoredFile = { ...about, state: { type: 'uploading', place: place(''), expires } }
    await files.create(file, expires)
    const upload = await this.reachable(store!, (at) => at.begin(object, layout))
    const started = await files.update(caller.app, id, (current) =>
      current.state.type === 'uploading'
        ? { ...current, state: { ...current.state, place: place(upload) } }
        : undefined,
    )
    if (started === undefined) throw new Chat4AllError('NOT_FOUND')
    events.initiated(started, false)
    return started
  }

  private async mayReuse(caller: Caller, owner: UserId | undefined, sha256: Sha256, bytes: number): Promise<boolean> {
    const { contents } = this.context.files
    const content = await contents.get(caller.app, sha256)
    if (content === undefined || content.layout.bytes !== bytes) return false
    if ((await contents.ownedBy(caller.app, sha256, owner)) !== undefined) return true
    // The app itself may read every file of its own.
    return caller.user === undefined
  }

  private async owned(caller: Caller, id: FileId): Promise<StoredFile> {
    const file = await this.context.files.get(caller.app, id)
    if (file === undefined || file.state.type === 'deleting' || !owns(caller, file)) throw notFound(id)
    return file
  }

  private async visible(caller: Caller, id: FileId, conversation?: ConversationId): Promise<StoredFile> {
    const file = await this.context.files.get(caller.app, id)
    if (file === undefined || file.state.type === 'deleting') throw notFound(id)
    if (!(await this.maySee(caller, file, conversation))) throw notFound(id)
    return file
  }

  private async maySee(caller: Caller, file: StoredFile, named?: ConversationId): Promise<boolean> {
    if (owns(caller, file)) return true
    const { files, isMember } = this.context
    const { app, user } = caller
    if (user === undefined) return true
    const opens = async (conversation: ConversationId) => isMember(app, conversation, user)
    if (named !== undefined && (await files.isShared(app, file.id, named)) && (await opens(named))) return true
    const posted = await files.conversationsOf(app, file.id, { limit: CONVERSATIONS_ASKED_MAX })
    for (const conversation of posted) if (conversation !== named && (await opens(conversation))) return true
    return false
  }

  /** Asks a store; one that does not answer is not asked first from now on. */
  private reachable<T>(id: StoreId, ask: (store: ObjectStore) => Promise<T>): Promise<T> {
    return told(() =>
      ask(storeOf(this.context, id)).catch((error: unknown) => {
        if (error instanceof ObjectStoreUnavailableError) this.context.objects.failed(id, error)
        throw error
      }),
    )
  }
}

/** A store that does not answer is told as UNAVAILABLE. */
async function told<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof ObjectStoreUnavailableError) throw unavailable(error.message)
    throw error
  }
}

function uploadOf({ layout }: StoredFile, { object, upload }: UploadPlace): Upload {
  return { object, id: upload, layout }
}

function checkParts(layout: Layout, there: readonly StoredPart[]): void {
  const sizes = new Map(there.map(({ part, bytes }) => [part, bytes]))
  const numbers = Array.from({ length: partCount(layout) }, (_, i) => i + 1)
  const missing = numbers.filter((part) => !sizes.has(part))
  if (missing.length > 0) throw new Chat4AllError('INVALID', `Not uploaded yet: ${partsText(missing)}.`)
  const wrong = numbers.filter((part) => sizes.get(part) !== bytesOfPart(layout, part))
  if (wrong.length > 0) throw new Chat4AllError('INVALID', `Of another size than announced: ${partsText(wrong)}.`)
  if (there.length !== numbers.length) throw new Chat4AllError('INVALID', 'There are more parts than announced.')
}

function notFound(id: FileId): Chat4AllError {
  return new Chat4AllError('NOT_FOUND', `There is no file ${id}, or it is not for you.`)
}

function unavailable(why: string): Chat4AllError {
  return new Chat4AllError('UNAVAILABLE', `The object store: ${why}`, 1_000)
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
