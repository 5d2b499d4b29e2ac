import { exitCodeOf, type Flags, flagOf, type Role, type RunningRole, runRole, settingsOf } from '@chat4all/server'
import { type Command, Option } from 'commander'
import { CommandError } from './command.js'

/** Adds the command that runs a role of the server, with a flag for each of its settings that is no secret. */
export function serverRole(program: Command, role: Role, about: string): Command {
  const command = program.command(role).description(about)
  for (const [, setting] of settingsOf(role)) {
    const flag = flagOf(setting)
    if (flag === undefined) continue
    const fallback = setting.fallback ?? setting.otherwise
    const text = `${setting.about}: ${setting.expected}${fallback === undefined ? '' : ` (default: ${fallback})`}`
    command.addOption(new Option(`${flag} <value>`, `${text} [${setting.env}]`))
  }
  const secrets = settingsOf(role).filter(([, setting]) => flagOf(setting) === undefined)
  const lines = secrets.map(
    ([, { env, about, expected, otherwise }]) => `  ${env.padEnd(24)} ${about}: ${expected} (default: ${otherwise})`,
  )
  return command.addHelpText('after', `\nSecrets, from the environment only:\n${lines.join('\n')}`)
}

/** Starts the role with the flags that were given to its command. */
export async function startRole(role: Role, command: Command, options: { demo: boolean }): Promise<RunningRole> {
  const given = command.opts<Record<string, string | undefined>>()
  const flags: Record<string, string | undefined> = {}
  for (const [name, setting] of settingsOf(role)) {
    const flag = flagOf(setting)
    if (flag !== undefined) flags[name] = given[new Option(`${flag} <value>`).attributeName()]
  }
  // Who watches a demonstration wants to see the messages, not the log; what is set goes before.
  const quiet = options.demo ? { CHAT4ALL_LOG_LEVEL: 'warn' } : {}
  try {
    const environment = { ...quiet, ...process.env }
    return await runRole(role, { flags: flags as Flags, environment, demo: options.demo })
  } catch (error) {
    const exitCode = exitCodeOf(error)
    if (exitCode === undefined) throw error
    throw new CommandError((error as Error).message, exitCode)
  }
}
