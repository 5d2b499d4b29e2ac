import { ERRORS, type ErrorCode } from '@chat4all/protocol'
import type { ResponseSink } from '../http/streamed-response.js'
import type { ServerEvent } from './server-event.js'
import type { EventSink } from './user-events.js'

const RETRY_MS = 1_000

/** Events in the format of server-sent events. */
export class SseWriter implements EventSink {
  private readonly sink: ResponseSink

  constructor(sink: ResponseSink) {
    this.sink = sink
    sink.write(`retry: ${RETRY_MS}\n\n`)
  }

  get bufferedBytes(): number {
    return this.sink.bufferedBytes
  }

  event({ type, data }: ServerEvent, id: string | undefined): void {
    // JSON has no line breaks of its own, so one `data` line holds it.
    const lines = [`event: ${type}`, `data: ${JSON.stringify(data)}`]
    if (id !== undefined) lines.unshift(`id: ${id}`)
    if ('delay' in data) lines.unshift(`retry: ${data.delay}`)
    this.sink.write(`${lines.join('\n')}\n\n`)
  }

  ended(code: ErrorCode, detail: string): void {
    this.event({ type: 'failed', data: { code, detail: detail === code ? ERRORS[code].means : detail } }, undefined)
    this.sink.end()
  }

  /** A comment, so that nobody on the way takes the stream for dead. */
  beat(): void {
    this.sink.write(':\n\n')
  }
}
