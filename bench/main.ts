import { Command } from 'commander'
import { addAllCommand } from './commands/all-command.js'
import { addCrashCommand } from './commands/crash-command.js'
import { addMessageCommands } from './commands/message-commands.js'
import { addProfileCommand } from './commands/profile-command.js'
import { addReconnectCommand } from './commands/reconnect-command.js'

const program = new Command('bench').description('Measures our server and its peers on this machine.')
addMessageCommands(program)
addReconnectCommand(program)
addCrashCommand(program)
addProfileCommand(program)
addAllCommand(program)

try {
  await program.parseAsync()
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
}
