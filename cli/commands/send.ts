import type { Committed, Sending, SendOptions } from '@chat4all/sdk/node'
import { enterConversation } from '../account/conversation-of.js'
import { printJson } from '../terminal/json.js'
import { CommandError, type RegisterCommand } from './command.js'
import { type UserOptions, userCommand, wholeNumber, withClient } from './user-command.js'

interface SendCommandOptions extends UserOptions {
  readonly messageId?: string
  readonly ttl?: number
  readonly timeout: number
}

/** `chat4all send`: ends well only when the message is committed. */
export const registerSend: RegisterCommand = (program) => {
  userCommand(program, 'send <conversation|@user> <text>', 'Send a text; succeeds when it is stored for good')
    .option('--message-id <uuid>', 'the message’s UUIDv4: to repeat one whose fate is unknown, safely')
    .option('--ttl <seconds>', 'how long the message lives', wholeNumber(1))
    .option('--timeout <seconds>', 'how long to try', wholeNumber(1), 15)
    .action((to: string, text: string, options: SendCommandOptions) =>
      withClient(options, async (client) => {
        const conversation = await enterConversation(client, to)
        const sending = client.send(conversation, text, sendOptions(options))
        const { seq, time } = await acknowledged(sending, options.timeout)
        const { messageId } = sending
        if (options.json) printJson({ message_id: messageId, conversation_id: conversation, seq, time })
        else console.log(`${messageId} ${seq}`)
      }),
    )
}

function sendOptions({ messageId, ttl }: SendCommandOptions): SendOptions {
  return { ...(messageId !== undefined && { messageId }), ...(ttl !== undefined && { ttl }) }
}

async function acknowledged(sending: Sending, timeoutSeconds: number): Promise<Committed> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const repeat = `--message-id ${sending.messageId}`
      reject(
        new CommandError(`not acknowledged within ${timeoutSeconds} s: it may be stored or not. Repeat with ${repeat}`),
      )
    }, timeoutSeconds * 1000)
  })
  try {
    return await Promise.race([sending.result, late])
  } finally {
    clearTimeout(timer)
  }
}
