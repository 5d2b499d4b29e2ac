import { type ConversationInfo, ERRORS } from '@chat4all/protocol'
import { encodeFrame } from './encoded-frames.js'
import type { EnumerationOwner } from './enumerations.js'
import type { Session } from './session.js'

/** The answer to the client's `list`. */
export class ListAnswer implements EnumerationOwner {
  private readonly session: Session
  private readonly ask: number

  constructor(session: Session, ask: number) {
    this.session = session
    this.ask = ask
  }

  listed(conversations: readonly ConversationInfo[]): void {
    const { ask } = this
    this.session.write(encodeFrame({ t: 'conversations', ask, conversations: [...conversations], last: false }))
  }

  finished(complete: boolean, _settled: boolean): void {
    const { ask } = this
    const unavailable = { t: 'error', code: ERRORS.UNAVAILABLE.wire, detail: ERRORS.UNAVAILABLE.means, ask } as const
    this.session.write(encodeFrame(complete ? { t: 'conversations', ask, conversations: [], last: true } : unavailable))
  }
}
