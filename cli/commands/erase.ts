import { setTimeout as sleep } from 'node:timers/promises'
import type { ErasureAnswer } from '@chat4all/protocol/rest'
import { requestToken } from '@chat4all/sdk/node'
import type { Command } from 'commander'
import { type Profile, Profiles } from '../account/profiles.js'
import { type RestAccess, restCall } from '../account/rest-call.js'
import { printJson } from '../terminal/json.js'
import { CommandError, type DefineCommand } from './command.js'
import { withoutAt } from './create-group.js'
import { explained, type UserOptions, userCommand } from './user-command.js'

interface EraseOptions extends UserOptions {
  readonly yes?: true
}

/** How often is asked whether a job is done. */
const ASK_EVERY_MS = 500

/** `chat4all erase conversation|user`: deletes data for good, in the name of the profile's app. */
export const defineErase: DefineCommand = (erase) => {
  surely(
    userCommand(
      erase.command('conversation <conversation>').description('Erase all that was said, and let all members go'),
    ),
  ).action((conversation: string, options: EraseOptions) =>
    asApp(options, async (access) => {
      await restCall(access, 'DELETE', `/v1/conversations/${encodeURIComponent(conversation)}`)
      if (options.json) printJson({ conversation_id: conversation, status: 'done' })
      else console.log(`${conversation} is erased`)
    }),
  )

  surely(
    userCommand(
      erase
        .command('user <user>')
        .description('Erase what a user said in every conversation, its identities and profile'),
    ),
  ).action((user: string, options: EraseOptions) =>
    asApp(options, async (access) => {
      const begun = await restCall<ErasureAnswer>(access, 'DELETE', `/v1/users/${encodeURIComponent(withoutAt(user))}`)
      let job = begun
      for (; job.status === 'pending'; await sleep(ASK_EVERY_MS))
        job = await restCall<ErasureAnswer>(access, 'GET', `/v1/erasures/${begun.erasure_id}`)
      if (options.json) printJson(job)
      else console.log(`${job.user_id} is erased, from ${job.conversations} conversations too`)
    }),
  )
}

function surely(command: Command): Command {
  return command.option('--yes', 'really: it cannot be taken back')
}

function asApp({ profile, yes }: EraseOptions, act: (access: RestAccess) => Promise<void>): Promise<void> {
  return explained(async () => {
    if (yes !== true) throw new CommandError('what is erased cannot be brought back: add --yes if you mean it')
    await act(await appAccess(new Profiles().get(profile)))
  })
}

async function appAccess({ url, clientId, clientSecret }: Profile): Promise<RestAccess> {
  return { url, token: (await requestToken(url, { clientId, clientSecret })).accessToken }
}
