import { Command } from 'commander'
import { addMessageCommands } from './commands/message-commands.js'
import { addProfileCommand } from './commands/profile-command.js'

const program = new Command('bench').description('Measures our server and its peers on this machine.')
addMessageCommands(program)
addProfileCommand(program)

try {
  await program.parseAsync()
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
}
