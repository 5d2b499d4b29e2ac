import {
  exitCodeOf,
  type Flags,
  flagOf,
  type Reader,
  type Role,
  type RunningRole,
  runRole,
  settingsOf,
} from '@chat4all/server'
import { type Command, Option } from 'commander'
import { CommandError } from './command.js'

/** Adds a flag for each setting that is no secret, and tells of the others. */
export function addSettings(command: Command, reader: Reader): Command {
  for (const [, setting] of settingsOf(reader)) {
    const flag = flagOf(setting)
    if (flag === undefined) continue
    const fallback = setting.fallback ?? setting.otherwise
    const text = `${setting.about}: ${setting.expected}${fallback === undefined ? '' : ` (default: ${fallback})`}`
    command.addOption(new Option(`${flag} <value>`, `${text} [${setting.env}]`))
  }
  const secrets = settingsOf(reader).filter(([, setting]) => flagOf(setting) === undefined)
  const lines = secrets.map(
    ([, { env, about, expected, otherwise }]) => `  ${env.padEnd(24)} ${about}: ${expected} (default: ${otherwise})`,
  )
  return command.addHelpText('after', `\nSecrets, from the environment only:\n${lines.join('\n')}`)
}

/** The flags that were given to a command. */
export function flagsOf(command: Command, reader: Reader): Flags {
  const given = command.opts<Record<string, string | undefined>>()
  const flags: Record<string, string | undefined> = {}
  for (const [name, setting] of settingsOf(reader)) {
    const flag = flagOf(setting)
    if (flag !== undefined) flags[name] = given[new Option(`${flag} <value>`).attributeName()]
  }
  return flags as Flags
}

/** Starts the role with the flags that were given to its command. */
export async function startRole(role: Role, command: Command, options: { demo: boolean }): Promise<RunningRole> {
  // Who watches a demonstration wants to see the messages, not the log; what is set goes before.
  const quiet = options.demo ? { CHAT4ALL_LOG_LEVEL: 'warn' } : {}
  try {
    const environment = { ...quiet, ...process.env }
    return await runRole(role, { flags: flagsOf(command, role), environment, demo: options.demo })
  } catch (error) {
    const exitCode = exitCodeOf(error)
    if (exitCode === undefined) throw error
    throw new CommandError((error as Error).message, exitCode)
  }
}
