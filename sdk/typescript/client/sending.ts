import type { ConversationId, MessageId, Payload } from '@chat4all/protocol'
import type { Committed, Sending, SendingStatus } from '../core/message.js'
import type { PostRequest } from '../core/requests.js'
import { decodedPayload } from './validated.js'

/** A post in the outbox as the application sees it. The promise is made only for who asks for it. */
export class OutboxSending implements Sending {
  private readonly request: PostRequest
  private promise: Promise<Committed> | undefined

  constructor(request: PostRequest) {
    this.request = request
  }

  get conversation(): ConversationId {
    return this.request.post.conversation
  }

  get messageId(): MessageId {
    return this.request.post.messageId
  }

  get payload(): Payload {
    return decodedPayload(this.request.post.payload)
  }

  get createdAt(): number {
    return this.request.post.createdAt
  }

  get status(): SendingStatus {
    const { committed, error, inFlight } = this.request
    if (committed !== undefined) return 'sent'
    if (error !== undefined) return 'failed'
    return inFlight ? 'sending' : 'queued'
  }

  get result(): Promise<Committed> {
    this.promise ??= settled(this.request)
    return this.promise
  }
}

function settled(request: PostRequest): Promise<Committed> {
  const promise = new Promise<Committed>((resolve, reject) => {
    const settle = () => {
      if (request.committed !== undefined) resolve(request.committed)
      else reject(request.error)
    }
    if (request.committed !== undefined || request.error !== undefined) return settle()
    const before = request.onSettled
    request.onSettled = () => {
      before?.()
      settle()
    }
  })
  // A refusal is told by the event `failed` too: who looks there need not catch it here.
  promise.catch(() => {})
  return promise
}
