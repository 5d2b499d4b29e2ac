import type { RegisterCommand } from './command.js'
import { registerConversations } from './conversations.js'
import { registerCreateGroup } from './create-group.js'
import { registerHistory } from './history.js'
import { registerLogin } from './login.js'
import { registerMembers } from './members.js'
import { registerSend } from './send.js'
import { registerTail } from './tail.js'
import { registerWhoami } from './whoami.js'

/** Every command, in the order of `--help`: the server's roles first, then what a user does. One file each. */
export const commands: readonly RegisterCommand[] = [
  registerLogin,
  registerWhoami,
  registerConversations,
  registerSend,
  registerTail,
  registerHistory,
  registerCreateGroup,
  registerMembers,
]
