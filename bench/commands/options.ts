import { cpus } from 'node:os'
import { InvalidArgumentError, Option } from 'commander'
import { defaultPlacement, type Placement } from '../servers/running-server.js'
import { SERVER_NAMES, type ServerName } from '../servers/server-names.js'

/** Options that several commands share. */

export function positiveInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number from 1.')
  return value
}

export function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('It must be a whole number from 0.')
  return value
}

export function positiveNumber(text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('It must be a number above 0.')
  return value
}

function serverNames(text: string): ServerName[] {
  const names = text.split(',')
  for (const name of names) {
    if (!SERVER_NAMES.includes(name as ServerName)) {
      throw new InvalidArgumentError(`There is no server ${name}; there are ${SERVER_NAMES.join(', ')}.`)
    }
  }
  return names as ServerName[]
}

export const serversOption = (): Option =>
  new Option('--servers <names>', 'which servers to measure, in turn, separated by commas')
    .argParser(serverNames)
    .default(['chat4all'], 'chat4all')

export const roundsOption = (): Option =>
  new Option('--rounds <count>', 'rounds per server; figures are medians').argParser(positiveInteger).default(1)

export const unpinnedOption = (): Option =>
  new Option('--unpinned', 'let server and generator use all processors, instead of one each')

export function placementOf(options: { readonly unpinned?: boolean }): Placement {
  return options.unpinned === true ? { server: undefined, load: undefined } : defaultPlacement(cpus().length)
}

/** Progress goes to stderr: what is printed on stdout are the results. */
export function progress(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** Faults go to stderr and make the command fail: a figure of a server that loses messages is none. */
export function showFaults(lines: readonly string[]): void {
  for (const line of lines) console.error(line)
  if (lines.length > 0) process.exitCode = 1
}
