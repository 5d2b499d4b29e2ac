import {
  type Answer,
  type AppId,
  Chat4AllError,
  type ConversationInfo,
  type ErrorCode,
  type Millis,
  type RequestFrame,
  type Seq,
  type UserId,
} from '@chat4all/protocol'
import type { Asked, EdgeCore, Request, RequestOwner } from './core/index.js'
import type { Requests } from './requests.js'

type Committed = { readonly seq: Seq; readonly time: Millis }

/** The way to the owners for callers that want a promise, over the same pipelines as the sessions. */
export class RequestsOverPipelines implements Requests {
  private readonly core: EdgeCore
  private readonly deadlineMs: number
  private readonly now: () => Millis
  private readonly afterInput: () => void
  private readonly waiting = new Set<Waiting>()

  /** @param afterInput called when the core was given something to do */
  constructor(core: EdgeCore, deadlineMs: number, now: () => Millis, afterInput: () => void) {
    this.core = core
    this.deadlineMs = deadlineMs
    this.now = now
    this.afterInput = afterInput
  }

  post(request: Parameters<Requests['post']>[0]): Promise<Committed> {
    return this.ask(request) as Promise<Committed>
  }

  change(request: Parameters<Requests['change']>[0]): Promise<Committed> {
    return this.ask(request) as Promise<Committed>
  }

  open(request: Parameters<Requests['open']>[0]): Promise<Extract<Answer, { type: 'opened' }>> {
    return this.ask(request) as Promise<Extract<Answer, { type: 'opened' }>>
  }

  async mark(request: Parameters<Requests['mark']>[0]): Promise<void> {
    await this.ask(request)
  }

  read(request: Parameters<Requests['read']>[0]): Promise<Extract<Answer, { type: 'page' }>> {
    return this.ask(request) as Promise<Extract<Answer, { type: 'page' }>>
  }

  async inspect(request: Parameters<Requests['inspect']>[0]): Promise<ConversationInfo> {
    return ((await this.ask(request)) as Extract<Answer, { type: 'info' }>).info
  }

  roster(request: Parameters<Requests['roster']>[0]): Promise<Extract<Answer, { type: 'roster' }>> {
    return this.ask(request) as Promise<Extract<Answer, { type: 'roster' }>>
  }

  status(request: Parameters<Requests['status']>[0]): Promise<Extract<Answer, { type: 'status' }>> {
    return this.ask(request) as Promise<Extract<Answer, { type: 'status' }>>
  }

  conversationsOf(app: AppId, user: UserId, left = false): Promise<ConversationInfo[]> {
    return new Promise((resolve, reject) => {
      const found = new Map<string, ConversationInfo>()
      const owner = {
        listed: (conversations: readonly ConversationInfo[]) => {
          for (const info of conversations) found.set(info.conversation, info)
        },
        finished: (complete: boolean) => {
          if (complete) resolve([...found.values()])
          else reject(new Chat4AllError('UNAVAILABLE', 'not every shard-node answered', RETRY_AFTER_MS))
        },
      }
      this.core.enumerate({ app, id: user }, owner, this.now(), left)
      this.afterInput()
    })
  }

  private ask(frame: Asked<RequestFrame>): Promise<Answer | Committed> {
    return new Promise((resolve, reject) => {
      const waiting = new Waiting(this.waiting, this.now() + this.deadlineMs, resolve, reject)
      // A copy: the pipeline fills in the rest of it, and the caller may use its object again.
      const request = this.core.submit({ ...frame }, waiting, this.now())
      if (request === undefined) {
        const { busyRetryAfterMs } = this.core.config
        reject(new Chat4AllError('BUSY', undefined, busyRetryAfterMs))
        return
      }
      waiting.request = request
      this.waiting.add(waiting)
      this.afterInput()
    })
  }

  /** Lets go of callers whose deadline has passed. */
  tick(): void {
    const now = this.now()
    // In the order of their deadlines.
    for (const waiting of this.waiting) {
      if (waiting.deadline > now) return
      this.core.abandon(waiting.request!)
      waiting.refused(waiting.request!, 'UNAVAILABLE')
    }
  }
}

const RETRY_AFTER_MS = 1_000

/** One caller that waits. */
class Waiting implements RequestOwner {
  readonly deadline: number
  request: Request | undefined
  private readonly all: Set<Waiting>
  private readonly resolve: (value: Answer | Committed) => void
  private readonly reject: (error: Chat4AllError) => void

  constructor(
    all: Set<Waiting>,
    deadline: number,
    resolve: (value: Answer | Committed) => void,
    reject: (error: Chat4AllError) => void,
  ) {
    this.all = all
    this.deadline = deadline
    this.resolve = resolve
    this.reject = reject
  }

  acked(_request: Request, seq: Seq, time: Millis): void {
    this.all.delete(this)
    this.resolve({ seq, time })
  }

  replied(_request: Request, answer: Answer): void {
    this.all.delete(this)
    this.resolve(answer)
  }

  refused(_request: Request, code: ErrorCode, detail?: string): void {
    this.all.delete(this)
    const retryAfterMs = code === 'UNAVAILABLE' || code === 'BUSY' ? RETRY_AFTER_MS : undefined
    this.reject(new Chat4AllError(code, detail, retryAfterMs))
  }
}
