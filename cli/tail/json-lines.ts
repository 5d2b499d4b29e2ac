import type { ClientEvents, ConnectionState, Message } from '@chat4all/sdk/node'
import { messageJson, printJson } from '../terminal/json.js'
import type { TailOutput } from './tail.js'

/** One JSON object per event, for scripts; `event` names its kind. */
export class JsonLines implements TailOutput {
  message(message: Message): void {
    printJson({ event: 'message', ...messageJson(message) })
  }

  receipts({ conversation, ...rest }: ClientEvents['receipts']): void {
    printJson({ event: 'receipts', conversation_id: conversation, ...rest })
  }

  gap({ conversation, ...rest }: ClientEvents['gap']): void {
    printJson({ event: 'gap', conversation_id: conversation, ...rest })
  }

  removed({ conversation, ...rest }: ClientEvents['removed']): void {
    printJson({ event: 'removed', conversation_id: conversation, ...rest })
  }

  state(state: ConnectionState): void {
    const code = state.status === 'offline' ? state.reason?.code : undefined
    printJson({ event: 'state', status: state.status, code })
  }

  close(): void {}
}
