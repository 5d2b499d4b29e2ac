import { registerAll } from './all.js'
import type { RegisterCommand } from './command.js'
import { registerConversations } from './conversations.js'
import { registerCreateGroup } from './create-group.js'
import { registerEdge } from './edge.js'
import { registerHistory } from './history.js'
import { registerLogin } from './login.js'
import { registerMembers } from './members.js'
import { registerSend } from './send.js'
import { registerShardNode } from './shard-node.js'
import { registerTail } from './tail.js'
import { registerWhoami } from './whoami.js'

/** Every command, in the order of `--help`: the server's roles first, then what a user does. One file each. */
export const commands: readonly RegisterCommand[] = [
  registerAll,
  registerEdge,
  registerShardNode,
  registerLogin,
  registerWhoami,
  registerConversations,
  registerSend,
  registerTail,
  registerHistory,
  registerCreateGroup,
  registerMembers,
]
