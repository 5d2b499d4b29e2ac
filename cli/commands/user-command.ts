import { Chat4AllError, ERRORS } from '@chat4all/protocol'
import { CertificateError, type Client, type ClientOptions } from '@chat4all/sdk/node'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type Profile, Profiles } from '../account/profiles.js'
import { clientOf, connectOnce } from '../account/sign-in.js'
import { CommandError } from './command.js'

export interface UserOptions {
  readonly profile: string
  readonly json?: true
}

/** Adds what every command has that acts for the user of a profile. */
export function userCommand(command: Command): Command {
  return command.addOption(profileOption()).option('--json', 'print JSON, for scripts')
}

export function profileOption(): Option {
  return new Option('--profile <name>', 'whom to act for, see `chat4all login`')
    .env('CHAT4ALL_PROFILE')
    .default('default')
}

/** Runs what a command does with a connected client, and closes that in any case. */
export function withClient(
  { profile }: UserOptions,
  act: (client: Client, profile: Profile) => Promise<void>,
  options: Partial<ClientOptions> = {},
): Promise<void> {
  return explained(async () => {
    const account = new Profiles().get(profile)
    // What a command prints and forgets has not arrived at a device of the user.
    const client = clientOf(account, { deliveredReceipts: false, ...options })
    try {
      await connectOnce(client)
      await act(client, account)
    } finally {
      await client.close()
    }
  })
}

/** Turns faults of the protocol into one line that says what to do. */
export async function explained(act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (error instanceof Chat4AllError) throw new CommandError(explanation(error))
    throw error
  }
}

export function explanation(error: Chat4AllError): string {
  const { code, detail } = error
  // It says what to do itself: waiting, as for others of its code, is of no use.
  if (error instanceof CertificateError) return detail
  const what = detail.replaceAll(/\s*\n\s*/g, ' ').replace(/[^.!?]$/, '$&.')
  return `${code}: ${what} ${ERRORS[code].remedy}`
}

/** A whole number of at least `min`, from an option. */
export function wholeNumber(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= min) return value
    throw new InvalidArgumentError(`Expected a whole number of at least ${min}.`)
  }
}
