import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { CommandError } from './commands/command.js'
import { commands } from './commands/index.js'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

const program = new Command('chat4all')
  .description('A messaging platform: durable, sequenced, deduplicated. Start a server, or talk to one.')
  .version(version)
  .showHelpAfterError()
for (const register of commands) register(program)

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof CommandError)) throw error
  console.error(`chat4all: ${error.message}`)
  process.exitCode = error.exitCode
}
