import type { AppId, ConversationId, UserId } from '@chat4all/protocol'
import type { FileId } from '@chat4all/storage'
import type { FileService } from './file-service.js'

const KNOWN_MAX = 10_000
/** A file that was removed can be posted for so long still; it leads nowhere. */
const YES_MS = 30_000
const NO_MS = 2_000

interface Known {
  /** Undefined: being found out. */
  readonly may: boolean | undefined
  readonly until: number
}

/** Answers at once whether a file may be posted, for sessions: what is not known is looked up for the next time. */
export class PostGate {
  private readonly files: Pick<FileService, 'post'>
  private readonly now: () => number
  private readonly known = new Map<string, Known>()

  /** @param now a clock that only goes forward, in milliseconds */
  constructor(files: Pick<FileService, 'post'>, now: () => number = () => performance.now()) {
    this.files = files
    this.now = now
  }

  mayPost(app: AppId, user: UserId, conversation: ConversationId, file: string): boolean | undefined {
    const key = JSON.stringify([app, user, conversation, file])
    const known = this.known.get(key)
    if (known !== undefined && this.now() < known.until) return known.may
    this.keep(key, undefined, Number.POSITIVE_INFINITY)
    this.files.post({ app, user }, file as FileId, conversation).then(
      (may) => this.keep(key, may, this.now() + (may ? YES_MS : NO_MS)),
      // A store that fails has said nothing: the next asks again.
      () => this.known.delete(key),
    )
    return undefined
  }

  private keep(key: string, may: boolean | undefined, until: number): void {
    this.known.delete(key)
    if (this.known.size >= KNOWN_MAX) this.known.delete(this.known.keys().next().value!)
    this.known.set(key, { may, until })
  }
}
