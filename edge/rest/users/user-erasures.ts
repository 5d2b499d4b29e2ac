import { randomUUID } from 'node:crypto'
import { type AppId, Chat4AllError, type Millis, messageIdToBytes, type UserId } from '@chat4all/protocol'
import type { ErasureRef, ErasureStore, StoredErasure, UserStore } from '@chat4all/storage'
import type { Requests } from '../../requests.js'
import type { RestIds } from '../rest-ids.js'

/** So long one edge has for a job before another looks at it. */
const BUSY_MS = 60_000
const LOOK_EVERY_MS = 15_000
/** Looked at in one round. Those that fail wait for their time, and keep no others from theirs. */
const JOBS_LOOKED_AT = 100

export interface ErasureContext {
  readonly erasures: ErasureStore
  readonly users: UserStore
  readonly requests: Requests
  readonly ids: RestIds
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Told when a step failed: it is tried again. */
  readonly onFailed: (job: ErasureRef, error: unknown) => void
}

/**
 * Erases what is kept of users: what they said, in every conversation that they are or were in, their identities, their
 * profiles. A job is a record; any edge goes on with it, from the beginning, until all of it is done. Two that do it at
 * once only do it twice.
 */
export class UserErasures {
  private readonly context: ErasureContext
  private timer: NodeJS.Timeout | undefined
  private looking: Promise<void> | undefined

  constructor(context: ErasureContext) {
    this.context = context
  }

  /** Notes the job; it is begun at once. */
  async begin(app: AppId, user: UserId): Promise<StoredErasure> {
    const now = this.context.now() as Millis
    const job: StoredErasure = {
      app,
      id: `er_${randomUUID().replaceAll('-', '')}`,
      user,
      status: 'pending',
      created: now,
      updated: now,
      conversations: 0,
      failures: 0,
      busyUntil: 0 as Millis,
    }
    await this.context.erasures.create(job)
    void this.goOn(job)
    return job
  }

  get(app: AppId, id: string): Promise<StoredErasure | undefined> {
    return this.context.erasures.get(app, id)
  }

  /** Looks for jobs that other edges left, now and then. */
  start(): void {
    this.timer ??= setInterval(() => {
      this.looking ??= this.look().finally(() => {
        this.looking = undefined
      })
    }, LOOK_EVERY_MS).unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.timer)
    this.timer = undefined
    await this.looking
  }

  /** Goes on with some jobs that nobody is busy with. */
  async look(): Promise<void> {
    try {
      for (const ref of await this.context.erasures.unfinished(JOBS_LOOKED_AT)) await this.goOn(ref)
    } catch (error) {
      this.context.onFailed({ app: '' as AppId, id: '' }, error)
    }
  }

  private async goOn(ref: ErasureRef): Promise<void> {
    const { erasures, now } = this.context
    let mine = false
    try {
      const job = await erasures.update(ref, (stored) => {
        mine = stored.status === 'pending' && stored.busyUntil <= now()
        return mine ? { ...stored, busyUntil: (now() + BUSY_MS) as Millis } : stored
      })
      if (job === undefined || !mine) return
      const conversations = await this.erase(job)
      await erasures.update(ref, (stored) => ({
        ...stored,
        status: 'done',
        conversations,
        failures: 0,
        updated: now() as Millis,
      }))
    } catch (error) {
      this.context.onFailed(ref, error)
      const later = (stored: StoredErasure): StoredErasure => ({
        ...stored,
        failures: stored.failures + 1,
        updated: now() as Millis,
        busyUntil: (now() + Math.min(BUSY_MS, 1_000 * 2 ** Math.min(stored.failures, 10))) as Millis,
      })
      await erasures.update(ref, later).catch((failure) => this.context.onFailed(ref, failure))
    }
  }

  /** Conversations first: as long as one is missing, the profile shows that there is something to erase. */
  private async erase({ app, user, id }: StoredErasure): Promise<number> {
    const { requests, users, ids } = this.context
    const conversations = await requests.conversationsOf(app, user, true)
    let done = 0
    for (const { conversation, type } of conversations) {
      await requests
        .change({
          t: 'change',
          app,
          conversation,
          message_id: messageIdToBytes(ids.erasureMessageId(id, conversation)),
          by: app as string as UserId,
          service: true,
          add: [],
          // The other one of a private conversation keeps it.
          remove: type === 'group' ? [user] : [],
          forget: user,
        })
        .catch((error: unknown) => {
          // It was erased as a whole meanwhile.
          if (!(error instanceof Chat4AllError && error.code === 'NOT_FOUND')) throw error
        })
      done++
    }
    await users.erase(app, user)
    return done
  }
}
