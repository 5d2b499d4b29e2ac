import { requestToken } from '@chat4all/sdk/node'
import { Option } from 'commander'
import { type Profile, Profiles } from '../account/profiles.js'
import { printJson } from '../terminal/json.js'
import type { DefineCommand } from './command.js'
import { explained, profileOption } from './user-command.js'

interface LoginOptions extends Profile {
  readonly profile: string
  readonly json?: true
}

/** `chat4all login`: checks the credentials and keeps them. */
export const defineLogin: DefineCommand = (command) => {
  command
    .requiredOption('--url <url>', 'the server, such as http://127.0.0.1:8080')
    .requiredOption('--client-id <id>', 'the app')
    .addOption(
      new Option('--client-secret <secret>', 'its secret; others on this machine may see what stands on a command line')
        .env('CHAT4ALL_CLIENT_SECRET')
        .makeOptionMandatory(),
    )
    .requiredOption('--user <user>', 'whom to act for')
    .addOption(profileOption())
    .option('--json', 'print JSON, for scripts')
    .action(({ profile, json, ...account }: LoginOptions) =>
      explained(async () => {
        const { expiresInSeconds } = await requestToken(account.url, account)
        new Profiles().save(profile, account)
        const { url, clientId, user } = account
        if (json) printJson({ profile, url, client_id: clientId, user, expires_in: expiresInSeconds })
        else console.log(`${user} at ${url}, kept as profile ${profile}`)
      }),
    )
}
