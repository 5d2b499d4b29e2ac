import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { CommandError } from './commands/command.js'
import { commands } from './commands/index.js'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

// Files are loaded when a command needs them, and compiled anew each time. `enableCompileCache()` of node:module would save
// some 10 ms of the 250 that a shard-node's start costs (measured on Node 22), for a folder of code that runs as it is found.
const program = new Command('chat4all')
  .description('A messaging platform: durable, sequenced, deduplicated. Start a server, or talk to one.')
  .version(version)
  .showHelpAfterError()
const loads = new Map(commands.map(({ usage, about, load }) => [program.command(usage).description(about), load]))
program.hook('preSubcommand', async (_, command) => {
  const define = await loads.get(command)?.()
  define?.(command)
})

// `help send` would show a command whose file is not loaded yet; `send --help` loads it.
const [first, ...others] = process.argv.slice(2)
const words = first === 'help' && others.length > 0 ? [...others, '--help'] : process.argv.slice(2)
try {
  await program.parseAsync(words, { from: 'user' })
} catch (error) {
  if (!(error instanceof CommandError)) throw error
  console.error(`chat4all: ${error.message}`)
  process.exitCode = error.exitCode
}
