import type { Committed } from '@chat4all/sdk/node'
import { printJson } from '../terminal/json.js'
import { CommandError, type RegisterCommand } from './command.js'
import { withoutAt } from './create-group.js'
import { type UserOptions, userCommand, withClient } from './user-command.js'

/** `chat4all members add|remove|list`: who is in a group. */
export const registerMembers: RegisterCommand = (program) => {
  const members = program.command('members').description('Show and change who is in a group')

  userCommand(members, 'list <conversation>', 'List the members, and how far each has received and read').action(
    (conversation: string, options: UserOptions) =>
      withClient(options, async (client) => {
        const view = client.conversation(conversation)
        if (view === undefined)
          throw new CommandError(`no conversation ${conversation}: see \`chat4all conversations\``)
        if (view.members === undefined) {
          throw new CommandError(`${view.memberCount} members: the server lists those of groups of up to 100`)
        }
        if (options.json) return printJson(view.members)
        for (const { user, role, delivered, read } of view.members) {
          console.log(`${user.padEnd(24)}  ${role.padEnd(6)}  delivered ${delivered}, read ${read} of ${view.head}`)
        }
      }),
  )

  userCommand(members, 'add <conversation> <users...>', 'Add users to a group').action(
    (conversation: string, users: string[], options: UserOptions) =>
      withClient(options, async (client) => {
        report(await client.addMembers(conversation, users.map(withoutAt)), options)
      }),
  )

  userCommand(members, 'remove <conversation> <users...>', 'Remove users from a group; yourself: leave it').action(
    (conversation: string, users: string[], options: UserOptions) =>
      withClient(options, async (client) => {
        report(await client.removeMembers(conversation, users.map(withoutAt)), options)
      }),
  )
}

function report({ seq, time }: Committed, { json }: UserOptions): void {
  if (json) printJson({ seq, time })
  else console.log(`changed, at seq ${seq}`)
}
