import type { RegisterCommand } from './command.js'
import { serverRole, startRole } from './server-role.js'

/** `chat4all edge`: what clients connect to, in a cluster. */
export const registerEdge: RegisterCommand = (program) => {
  const command = serverRole(program, 'edge', 'Run one edge of a cluster: sessions and REST')
  command.action(async () => {
    const { urls } = await startRole('edge', command, { demo: false })
    console.log(`Chat4All edge listens on ${urls.join(', ')}`)
  })
}
