import type { DefineCommand } from './command.js'
import { addSettings, startRole } from './server-role.js'

/** `chat4all shard-node`: what owns conversations, in a cluster. */
export const defineShardNode: DefineCommand = (command) => {
  addSettings(command, 'shard-node')
  command.action(async () => {
    const { linkAddress, urls } = await startRole('shard-node', command, { demo: false })
    console.log(`Chat4All shard-node takes links on ${linkAddress}, health on ${urls.join(', ')}`)
  })
}
