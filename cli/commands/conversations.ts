import type { ConversationView } from '@chat4all/sdk/node'
import { messageJson, printJson } from '../terminal/json.js'
import { messageText, timeText } from '../terminal/message-text.js'
import { printable } from '../terminal/printable.js'
import { Styles } from '../terminal/styles.js'
import type { DefineCommand } from './command.js'
import { type UserOptions, userCommand, withClient } from './user-command.js'

/** `chat4all conversations`: what the user is in. */
export const defineConversations: DefineCommand = (command) => {
  userCommand(command).action((options: UserOptions) =>
    withClient(options, async (client) => {
      const conversations = client.conversations()
      if (options.json) return printJson(conversations.map(conversationJson))
      const styles = new Styles(process.stdout.isTTY)
      for (const conversation of conversations) console.log(conversationLine(conversation, styles))
    }),
  )
}

export function conversationJson(conversation: ConversationView): object {
  const { id, type, head, first, memberCount, members, delivered, read, unread, created, metadata, ttl } = conversation
  const last = conversation.last && messageJson(conversation.last)
  return {
    conversation_id: id,
    type,
    head,
    first,
    member_count: memberCount,
    members,
    delivered,
    read,
    unread,
    created,
    metadata,
    ttl,
    last,
  }
}

export function conversationName({ peer, metadata, memberCount }: ConversationView): string {
  return peer === undefined ? printable(metadata.title ?? `group of ${memberCount}`) : `@${peer}`
}

function conversationLine(conversation: ConversationView, styles: Styles): string {
  const { id, unread, last } = conversation
  const name = conversationName(conversation).padEnd(20)
  const count = unread > 0 ? styles.bold(`${unread} new`.padEnd(8)) : ' '.repeat(8)
  const newest = last && `${timeText(last.time, Date.now())}  ${last.from}: ${messageText(last)}`
  return `${id}  ${name}  ${count}  ${styles.dim(newest ?? '')}`.trimEnd()
}
