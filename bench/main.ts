import { Command } from 'commander'
import { addAllCommand } from './commands/all-command.js'
import { addChaosCommands } from './commands/chaos-command.js'
import { addClusterCommands } from './commands/cluster-commands.js'
import { addCrashCommand } from './commands/crash-command.js'
import { addMessageCommands } from './commands/message-commands.js'
import { addProfileCommand } from './commands/profile-command.js'
import { addReconnectCommand } from './commands/reconnect-command.js'

const program = new Command('bench').description('Measures our server and its peers on this machine.')
addMessageCommands(program)
addReconnectCommand(program)
addCrashCommand(program)
addProfileCommand(program)
addClusterCommands(program)
addChaosCommands(program)
addAllCommand(program)

// Ending through `exit` ends the servers and generators that were started, too.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))

try {
  await program.parseAsync()
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
}
