import type { ClientEvents, ConnectionState, Message } from '@chat4all/sdk/node'
import { explanation } from '../commands/user-command.js'
import { messageText, timeText } from '../terminal/message-text.js'
import { Styles } from '../terminal/styles.js'
import type { TailOutput } from './tail.js'

/** One line per message, for pipes and for whoever follows all conversations. What is no message goes to stderr. */
export class PlainLines implements TailOutput {
  private readonly styles: Styles

  constructor(isTerminal: boolean) {
    this.styles = new Styles(isTerminal)
  }

  message(message: Message): void {
    const { conversation, seq, time, from } = message
    const { styles } = this
    const head = `${timeText(time, Date.now())}  ${conversation} #${seq}`
    console.log(`${styles.dim(head)}  ${styles.bold(from)}  ${messageText(message)}`)
  }

  receipts(): void {}

  gap({ conversation, after, first }: ClientEvents['gap']): void {
    console.error(`${conversation}: messages ${after + 1} to ${first - 1} have expired`)
  }

  removed({ conversation }: ClientEvents['removed']): void {
    console.error(`${conversation}: you are no longer a member`)
  }

  state(state: ConnectionState): void {
    if (state.status === 'offline' && state.reason !== undefined) console.error(explanation(state.reason))
    if (state.status === 'online') console.error('connected again')
  }

  close(): void {}
}
