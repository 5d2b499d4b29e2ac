import type { Committed } from '@chat4all/sdk/node'
import { printJson } from '../terminal/json.js'
import { CommandError, type DefineCommand } from './command.js'
import { withoutAt } from './create-group.js'
import { type UserOptions, userCommand, withClient } from './user-command.js'

/** `chat4all members add|remove|role|list`: who is in a group. */
export const defineMembers: DefineCommand = (members) => {
  userCommand(
    members.command('list <conversation>').description('List the members, and how far each has received and read'),
  ).action((conversation: string, options: UserOptions) =>
    withClient(options, async (client) => {
      const view = client.conversation(conversation)
      if (view === undefined) throw new CommandError(`no conversation ${conversation}: see \`chat4all conversations\``)
      if (view.members === undefined) {
        throw new CommandError(`${view.memberCount} members: the server lists those of groups of up to 100`)
      }
      if (options.json) return printJson(view.members)
      for (const { user, role, delivered, read } of view.members) {
        console.log(`${user.padEnd(24)}  ${role.padEnd(6)}  delivered ${delivered}, read ${read} of ${view.head}`)
      }
    }),
  )

  userCommand(members.command('add <conversation> <users...>').description('Add users to a group')).action(
    (conversation: string, users: string[], options: UserOptions) =>
      withClient(options, async (client) => {
        report(await client.addMembers(conversation, users.map(withoutAt)), options)
      }),
  )

  userCommand(
    members.command('remove <conversation> <users...>').description('Remove users from a group; yourself: leave it'),
  ).action((conversation: string, users: string[], options: UserOptions) =>
    withClient(options, async (client) => {
      report(await client.removeMembers(conversation, users.map(withoutAt)), options)
    }),
  )

  userCommand(
    members
      .command('role <conversation> <user> <role>')
      .description('Make a user of a group an admin, or an ordinary member'),
  ).action((conversation: string, user: string, role: string, options: UserOptions) =>
    withClient(options, async (client) => {
      if (role !== 'admin' && role !== 'member') throw new CommandError(`a role is admin or member, not ${role}`)
      const name = withoutAt(user)
      const { seq, time } = await client.setRole(conversation, name, role)
      if (options.json) printJson({ user: name, role, seq, time })
      else console.log(`${name} is ${role === 'admin' ? 'an admin' : 'a member'} of ${conversation}`)
    }),
  )
}

function report({ seq, time }: Committed, { json }: UserOptions): void {
  if (json) printJson({ seq, time })
  else console.log(`changed, at seq ${seq}`)
}
