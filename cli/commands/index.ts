import { registerAdmin } from './admin.js'
import { registerAll } from './all.js'
import { registerCluster } from './cluster.js'
import type { RegisterCommand } from './command.js'
import { registerConversations } from './conversations.js'
import { registerCreateGroup } from './create-group.js'
import { registerDownload } from './download.js'
import { registerEdge } from './edge.js'
import { registerErase } from './erase.js'
import { registerHistory } from './history.js'
import { registerLogin } from './login.js'
import { registerMembers } from './members.js'
import { registerSend } from './send.js'
import { registerShardNode } from './shard-node.js'
import { registerTail } from './tail.js'
import { registerUpload } from './upload.js'
import { registerWebhook } from './webhook.js'
import { registerWhoami } from './whoami.js'

/** Every command, in the order of `--help`: the server's roles first, then what an operator does, then what a user does. One file each. */
export const commands: readonly RegisterCommand[] = [
  registerAll,
  registerEdge,
  registerShardNode,
  registerWebhook,
  registerCluster,
  registerAdmin,
  registerLogin,
  registerWhoami,
  registerConversations,
  registerSend,
  registerUpload,
  registerDownload,
  registerTail,
  registerHistory,
  registerCreateGroup,
  registerMembers,
  registerErase,
]
