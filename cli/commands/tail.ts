import type { Client } from '@chat4all/sdk/node'
import { enterConversation } from '../account/conversation-of.js'
import { Profiles } from '../account/profiles.js'
import { clientOf, connectOnce } from '../account/sign-in.js'
import { ChatScreen } from '../tail/chat-screen.js'
import { JsonLines } from '../tail/json-lines.js'
import { PlainLines } from '../tail/plain-lines.js'
import { type TailOutput, tail } from '../tail/tail.js'
import { CommandError, type DefineCommand } from './command.js'
import { explained, type UserOptions, userCommand, wholeNumber } from './user-command.js'

interface TailOptions extends UserOptions {
  readonly since?: number
  readonly lines: number
  readonly read: boolean
}

/** `chat4all tail`: messages as they come, until it is stopped. */
export const defineTail: DefineCommand = (command) => {
  userCommand(command)
    .option('-n, --lines <messages>', 'how many of the last messages to begin with', wholeNumber(0), 10)
    .option('--since <seq>', 'begin behind this one instead', wholeNumber(0))
    .option('--no-read', 'do not mark what a terminal shows as read')
    .action((name: string | undefined, options: TailOptions) =>
      explained(async () => {
        if (name === undefined && options.since !== undefined) {
          throw new CommandError('--since needs a conversation: each numbers its own messages')
        }
        const client = clientOf(new Profiles().get(options.profile))
        try {
          await follow(client, name, options)
        } finally {
          await client.close()
        }
      }),
    )
}

async function follow(client: Client, name: string | undefined, options: TailOptions): Promise<void> {
  await connectOnce(client)
  const conversation = name === undefined ? undefined : await enterConversation(client, name)
  const stopped = interrupted()
  const output = outputOf(client, conversation, options, stopped.stop)
  try {
    await tail(client, conversation, options, output)
    await stopped.promise
  } finally {
    output.close()
  }
}

function outputOf(
  client: Client,
  conversation: string | undefined,
  options: TailOptions,
  stop: () => void,
): TailOutput {
  if (options.json) return new JsonLines()
  const { stdin, stdout } = process
  if (conversation === undefined || !stdin.isTTY || !stdout.isTTY) return new PlainLines(stdout.isTTY)
  return new ChatScreen(client, conversation, { marksRead: options.read, stop })
}

/** Resolves when the user wants to stop. */
function interrupted(): { readonly promise: Promise<void>; readonly stop: () => void } {
  let stop = () => {}
  const promise = new Promise<void>((resolve) => {
    stop = resolve
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  // The reader of a pipe went away (`chat4all tail | head`): there is nobody to tell.
  process.stdout.on('error', stop)
  return { promise, stop }
}
