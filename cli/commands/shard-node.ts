import type { RegisterCommand } from './command.js'
import { serverRole, startRole } from './server-role.js'

/** `chat4all shard-node`: what owns conversations, in a cluster. */
export const registerShardNode: RegisterCommand = (program) => {
  const command = serverRole(program, 'shard-node', 'Run one shard-node of a cluster: conversations and their log')
  command.action(async () => {
    const { linkAddress, urls } = await startRole('shard-node', command, { demo: false })
    console.log(`Chat4All shard-node takes links on ${linkAddress}, health on ${urls.join(', ')}`)
  })
}
