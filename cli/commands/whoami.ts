import { printJson } from '../terminal/json.js'
import type { DefineCommand } from './command.js'
import { type UserOptions, userCommand, withClient } from './user-command.js'

/** `chat4all whoami`: the user as the server sees it. */
export const defineWhoami: DefineCommand = (command) => {
  userCommand(command).action((options: UserOptions) =>
    withClient(options, async (client, { url, clientId }) => {
      const conversations = client.conversations().length
      const { user } = client
      if (options.json) printJson({ profile: options.profile, url, client_id: clientId, user, conversations })
      else console.log(`${user} of ${clientId} at ${url}, in ${conversations} conversations`)
    }),
  )
}
