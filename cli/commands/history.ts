import type { HistoryQuery, Message } from '@chat4all/sdk/node'
import { Option } from 'commander'
import { existingConversation } from '../account/conversation-of.js'
import { messageJson, printJson } from '../terminal/json.js'
import { messageText, timeText } from '../terminal/message-text.js'
import { Styles } from '../terminal/styles.js'
import type { DefineCommand } from './command.js'
import { type UserOptions, userCommand, wholeNumber, withClient } from './user-command.js'

interface HistoryOptions extends UserOptions, HistoryQuery {
  readonly limit: number
}

/** `chat4all history`: a page of what is stored. */
export const defineHistory: DefineCommand = (command) => {
  userCommand(command)
    .option('--limit <messages>', 'how many, at most 500', wholeNumber(1), 50)
    .addOption(new Option('--before <seq>', 'those before this one').argParser(wholeNumber(1)).conflicts('since'))
    .addOption(new Option('--since <seq>', 'those after this one').argParser(wholeNumber(0)))
    .action((name: string, options: HistoryOptions) =>
      withClient(options, async (client) => {
        const { limit, before, since, json } = options
        const query = { limit, ...(before !== undefined && { before }), ...(since !== undefined && { since }) }
        const { messages, first } = await client.history(existingConversation(client, name), query)
        if (json) return printJson({ messages: messages.map(messageJson), first })
        const styles = new Styles(process.stdout.isTTY)
        for (const message of messages) console.log(historyLine(message, styles))
      }),
    )
}

function historyLine(message: Message, styles: Styles): string {
  const { seq, time, from } = message
  const head = `${String(seq).padStart(6)}  ${timeText(time, Date.now())}`
  return `${styles.dim(head)}  ${styles.bold(from)}  ${messageText(message)}`
}
