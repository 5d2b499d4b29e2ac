import { printJson } from '../terminal/json.js'
import { CommandError, type DefineCommand } from './command.js'
import { conversationJson } from './conversations.js'
import { type UserOptions, userCommand, withClient } from './user-command.js'

interface CreateOptions extends UserOptions {
  readonly title?: string
  readonly metadata: Readonly<Record<string, string>>
}

/** `chat4all create-group`: a conversation of several, of which the user becomes the admin. */
export const defineCreateGroup: DefineCommand = (command) => {
  userCommand(command)
    .option('--title <title>', 'shown as its name')
    .option('--metadata <name=value>', 'a label; may be given several times', label, {})
    .action((users: string[], options: CreateOptions) =>
      withClient(options, async (client) => {
        const { title, json } = options
        const metadata = { ...options.metadata, ...(title !== undefined && { title }) }
        const group = await client.createGroup(users.map(withoutAt), { metadata })
        if (json) printJson(conversationJson(group))
        else console.log(group.id)
      }),
    )
}

export function withoutAt(user: string): string {
  return user.startsWith('@') ? user.slice(1) : user
}

function label(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const at = text.indexOf('=')
  if (at < 1) throw new CommandError(`--metadata ${text}: expected name=value`)
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) }
}
