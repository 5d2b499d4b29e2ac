import type { Answer, ClientFrame, ErrorCode } from '@chat4all/protocol'
import type { EdgeContext } from './edge-context.js'
import { encodedPage, withinBytes } from './encoded-frames.js'
import type { Session } from './session.js'
import type { Request, RequestOwner } from './slot-pipeline.js'

type HistoryFrame = Extract<ClientFrame, { t: 'history' }>

/**
 * A session's questions for history: one is under way at a time, in the order asked, so that a client that asks for
 * much at once does not become a slow consumer of its own answers.
 */
export class HistoryQuestions implements RequestOwner {
  private readonly edge: EdgeContext
  private readonly session: Session
  /** The first is under way. */
  private readonly questions: HistoryFrame[] = []

  constructor(edge: EdgeContext, session: Session) {
    this.edge = edge
    this.session = session
  }

  ask(frame: HistoryFrame): void {
    if (this.questions.length >= this.edge.config.historyWaitingMax) {
      return this.session.refuseQuestion(frame.ask, 'BUSY')
    }
    if (this.questions.push(frame) === 1) this.askFirst()
  }

  private askFirst(): void {
    while (this.questions.length > 0 && !this.session.closed && !this.submit(this.questions[0]!)) {
      this.session.refuseQuestion(this.questions.shift()!.ask, 'BUSY')
    }
  }

  private submit({ conversation, since, before, limit }: HistoryFrame): boolean {
    const { app, id } = this.session.user!
    const read = {
      t: 'read' as const,
      app,
      conversation,
      user: id,
      limit: Math.max(1, limit),
      ...(since !== undefined && { since }),
      ...(since === undefined && before !== undefined && { before }),
    }
    return this.edge.pipelines.submit(read, this, 0, this.edge.now) !== undefined
  }

  acked(): void {}

  replied(_request: Request, answer: Answer): void {
    if (answer.type !== 'page') return this.refused(_request, 'INTERNAL')
    const { ask, conversation, since } = this.questions.shift()!
    const { first, head } = answer
    const page = withinBytes(answer, this.edge.config.pageBytesMax, since === undefined)
    this.session.write(encodedPage({ ask, conversation, ...page, first, head }))
    this.askFirst()
  }

  refused(_request: Request, code: ErrorCode, detail?: string): void {
    this.session.refuseQuestion(this.questions.shift()!.ask, code, detail)
    this.askFirst()
  }
}
