import { type Committed, type Content, fileContent, type Sending, type SendOptions } from '@chat4all/sdk/node'
import { enterConversation } from '../account/conversation-of.js'
import type { Profile } from '../account/profiles.js'
import { uploadWithProgress } from '../files/upload-with-progress.js'
import { printJson } from '../terminal/json.js'
import { CommandError, type DefineCommand } from './command.js'
import { type UserOptions, userCommand, wholeNumber, withClient } from './user-command.js'

interface SendCommandOptions extends UserOptions {
  readonly messageId?: string
  readonly ttl?: number
  readonly timeout: number
  readonly file?: string
}

/** `chat4all send`: ends well only when the message is committed. */
export const defineSend: DefineCommand = (command) => {
  userCommand(command)
    .option('--file <path>', 'upload this file and send it, with the text as its caption')
    .option('--message-id <uuid>', 'the message’s UUIDv4: to repeat one whose fate is unknown, safely')
    .option('--ttl <seconds>', 'how long the message lives', wholeNumber(1))
    .option('--timeout <seconds>', 'how long to try', wholeNumber(1), 15)
    .action((to: string, text: string | undefined, options: SendCommandOptions) =>
      withClient(options, async (client, account) => {
        const conversation = await enterConversation(client, to)
        const content = await contentOf(account, text, options)
        const sending = client.send(conversation, content, sendOptions(options))
        const { seq, time } = await acknowledged(sending, options.timeout)
        const { messageId } = sending
        if (options.json) printJson({ message_id: messageId, conversation_id: conversation, seq, time })
        else console.log(`${messageId} ${seq}`)
      }),
    )
}

async function contentOf(account: Profile, text: string | undefined, options: SendCommandOptions): Promise<Content> {
  if (options.file !== undefined) return fileContent(await uploadWithProgress(account, options.file, options), text)
  if (text === undefined) throw new CommandError('nothing to send: give a text, or --file')
  return text
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
