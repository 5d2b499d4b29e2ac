import type { DefineCommand } from './command.js'
import { addSettings, startRole } from './server-role.js'

/** `chat4all edge`: what clients connect to, in a cluster. */
export const defineEdge: DefineCommand = (command) => {
  addSettings(command, 'edge')
  command.action(async () => {
    const { urls } = await startRole('edge', command, { demo: false })
    console.log(`Chat4All edge listens on ${urls.join(', ')}`)
  })
}
