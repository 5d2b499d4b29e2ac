import type { AppId, Millis } from '@chat4all/protocol'
import type { FileId, FileState, ObjectDigest, Sha256, StoredContent, StoredFile } from '@chat4all/storage'
import { makeCopies } from './copies.js'
import { type FileContext, storeOf } from './file-context.js'
import { FAILED_MS, VERIFY_AGAIN_MS, VERIFY_ALIVE_MS, VERIFY_BUSY_MS } from './limits.js'
import { finishRemoval, removeBytes, removeUnlessContent } from './removal.js'

type Verifying = Extract<FileState, { type: 'verifying' }>

/** What a client says that it has sent. */
export interface Told {
  readonly checksum: Sha256
  /** SHA-256 of each part. */
  readonly parts: readonly Sha256[] | undefined
}

/**
 * Compares what was stored with what the client said, and makes it the file. The bytes are read from the store as a
 * stream by the edge that completed the upload: S3 itself checks no SHA-256 over a whole that came in parts, and what
 * the client says of its bytes proves nothing about what arrived. Several edges may do it at once, one may die in the
 * middle: all that is lost is work.
 */
export class Verifications {
  private readonly context: FileContext
  private readonly running = new Map<string, Promise<void>>()

  constructor(context: FileContext) {
    this.context = context
  }

  /** Verifies unless somebody does. Resolves when nobody here does any more; never rejects. */
  verify(app: AppId, id: FileId): Promise<void> {
    const key = `${app} ${id}`
    const running = this.running.get(key)
    if (running !== undefined) return running
    const started = this.run(app, id)
      .catch(async (error: Error) => {
        this.context.events.failed('verify', app, id, error)
        await this.sayBusy(app, id, VERIFY_AGAIN_MS).catch(() => {})
      })
      .finally(() => this.running.delete(key))
    this.running.set(key, started)
    return started
  }

  isRunning(app: AppId, id: FileId): boolean {
    return this.running.has(`${app} ${id}`)
  }

  async settled(): Promise<void> {
    await Promise.all(this.running.values())
  }

  private async run(app: AppId, id: FileId): Promise<void> {
    const { files, now, events } = this.context
    const startedMs = now()
    const file = await this.sayBusy(app, id, VERIFY_BUSY_MS)
    if (file === undefined) return
    const state = file.state as Verifying
    const alive = setInterval(() => void this.sayBusy(app, id, VERIFY_BUSY_MS).catch(() => {}), VERIFY_ALIVE_MS)
    alive.unref()
    let digest = state.stored
    try {
      digest ??= await storeOf(this.context, state.place.store).digest(state.place.object, file.layout.partBytes)
    } finally {
      clearInterval(alive)
    }
    const fault = wholeFault(file, digest) ?? faultOf(state, digest!)
    if (fault !== undefined) return this.fail(file, state, digest, fault)
    const content = await this.publish(file, state, digest!)
    const isSpare = content.object !== state.place.object
    const ready = await files.update(app, id, (current) =>
      current.state.type === 'verifying'
        ? {
            ...current,
            state: { type: 'ready', checksum: state.checksum, place: isSpare ? state.place : undefined },
          }
        : undefined,
    )
    if (ready === undefined) return this.leave(app, id, file)
    await files.noteSize(app, ready.owner, ready.layout.bytes)
    events.verified(ready, now() - startedMs)
    await tidyReady(this.context, ready)
  }

  /** Moves the time until which nobody else need look. Undefined: there is nothing to verify. */
  private sayBusy(app: AppId, id: FileId, forMs: number): Promise<StoredFile | undefined> {
    const busyUntil = (this.context.now() + forMs) as Millis
    return this.context.files.update(app, id, (file) =>
      file.state.type === 'verifying' ? { ...file, state: { ...file.state, busyUntil } } : undefined,
    )
  }

  private publish(file: StoredFile, { place, checksum }: Verifying, digest: ObjectDigest): Promise<StoredContent> {
    const { app, owner, id, layout } = file
    const offered: StoredContent = {
      sha256: checksum,
      object: place.object,
      layout,
      parts: digest.parts as readonly Sha256[],
      copies: [place.store],
    }
    const reference = { app, sha256: checksum, owner, file: id }
    return this.context.files.contents.publish(reference, offered, removeBytes(this.context))
  }

  private async fail(
    file: StoredFile,
    { place, checksum }: Verifying,
    digest: ObjectDigest | undefined,
    reason: string,
  ): Promise<void> {
    // Bytes that are not the whole are of no use, whatever is told of them.
    const stored = wholeFault(file, digest) === undefined ? digest : undefined
    const { files, events, now } = this.context
    const { app, id } = file
    const expires = (now() + FAILED_MS) as Millis
    await files.remind(app, id, expires)
    // Where it is known what is stored, better was told meanwhile, and found to be right.
    const failed = await files.update(app, id, (current) =>
      current.state.type === 'verifying' && current.state.stored === undefined
        ? { ...current, state: { type: 'failed', reason, place, checksum, stored, expires } }
        : undefined,
    )
    if (failed === undefined) return this.leave(app, id, file)
    events.verificationFailed(failed, reason)
    if (stored === undefined) await storeOf(this.context, place.store).remove(place.object)
  }

  /** Somebody else was faster, or the file is to go and waited for us. */
  private async leave(app: AppId, id: FileId, verified: StoredFile): Promise<void> {
    const current = await this.context.files.get(app, id)
    if (current === undefined) return finishRemoval(this.context, verified)
    if (current.state.type === 'deleting') return finishRemoval(this.context, current)
  }
}

/** What is left to do for a ready file: an object of which there was one already goes, copies come. */
export async function tidyReady(context: FileContext, file: StoredFile): Promise<void> {
  const { files } = context
  const { app, id, state } = file
  if (state.type !== 'ready') return
  if (state.place !== undefined) {
    await removeUnlessContent(context, app, state.checksum, state.place)
    await files.update(app, id, (current) =>
      current.state.type === 'ready' ? { ...current, state: { ...current.state, place: undefined } } : undefined,
    )
  }
  if (!(await makeCopies(context, app, state.checksum))) {
    throw new Error(`there are fewer than ${context.objects.copies} copies yet`)
  }
}

function wholeFault({ layout }: StoredFile, digest: ObjectDigest | undefined): string | undefined {
  if (digest === undefined) return `The uploaded bytes are not there: ${ANEW}.`
  if (digest.bytes === layout.bytes) return undefined
  return `${digest.bytes} bytes were stored, ${layout.bytes} were announced: ${ANEW}.`
}

/** Where what is stored differs from what was told, and what to do; undefined: nowhere. */
export function faultOf({ checksum, parts }: Told, stored: ObjectDigest): string | undefined {
  const wrong = parts?.flatMap((sha256, i) => (sha256 === stored.parts[i] ? [] : [i + 1])) ?? []
  if (wrong.length > 0) return `What was stored of ${partsText(wrong)} has another SHA-256 than was told. ${REMEDY}`
  if (stored.sha256 !== checksum) return `The SHA-256 of what was stored is ${stored.sha256}. ${REMEDY}`
  return undefined
}

const ANEW = 'initiate it anew'
/** A store has joined the parts by now, and takes none of them again. */
const REMEDY = `If what was told is wrong, complete it again with what is right; if the bytes are, ${ANEW}.`

export function partsText(parts: readonly number[]): string {
  const named = parts.slice(0, 10).join(', ')
  const more = parts.length > 10 ? ` and ${parts.length - 10} more` : ''
  return `${parts.length === 1 ? 'part' : 'parts'} ${named}${more}`
}
