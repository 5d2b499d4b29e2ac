import type { Client } from '@chat4all/sdk/node'
import { CommandError } from '../commands/command.js'

/** The private conversation with a user that was named `@user`, if there is one. */
function privateWith(client: Client, user: string): string | undefined {
  return client.conversations().find(({ type, peer }) => type === 'private' && peer === user)?.id
}

/** The conversation that was named by its id or as `@user`; that with a user is begun where there is none. */
export async function enterConversation(client: Client, name: string): Promise<string> {
  if (!name.startsWith('@')) return name
  const user = name.slice(1)
  return privateWith(client, user) ?? (await client.createPrivate(user)).id
}

/** As {@link enterConversation}, but changes nothing. @throws CommandError when there is no conversation with the user. */
export function existingConversation(client: Client, name: string): string {
  if (!name.startsWith('@')) return name
  const user = name.slice(1)
  const id = privateWith(client, user)
  if (id === undefined) throw new CommandError(`no conversation with ${user}: send a message to begin one`)
  return id
}
