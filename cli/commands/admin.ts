import { type Command, Option } from 'commander'
import { appLines, time } from '../admin/app-lines.js'
import { type AdminOptions, AppsApi } from '../admin/apps-api.js'
import { printJson } from '../terminal/json.js'
import type { DefineCommand } from './command.js'
import { explained, wholeNumber } from './user-command.js'

interface Options extends AdminOptions {
  readonly json?: true
}

/** `chat4all admin apps …`: for operators. It asks a server that was started with CHAT4ALL_ADMIN_TOKEN. */
export const defineAdmin: DefineCommand = (admin) => {
  const apps = admin.command('apps').description('API clients, their secrets and quotas')

  appsCommand(apps, 'create <client-id>', 'Create an app and print its secret, which is shown this once')
    .option('--name <name>', 'for people')
    .action((id: string, { name, ...options }: Options & { name?: string }) =>
      asking(options, async (api) => {
        const app = await api.create(id, name)
        if (options.json) return printJson(app)
        console.log(`client_id      ${app.client_id}\nclient_secret  ${app.client_secret}`)
      }),
    )

  appsCommand(apps, 'list', 'List all apps').action((options: Options) =>
    asking(options, async (api) => {
      for (const app of await api.list()) {
        if (options.json) printJson(app)
        else console.log(`${app.client_id}  ${app.name}${app.disabled ? '  (disabled)' : ''}`)
      }
    }),
  )

  appsCommand(apps, 'show <client-id>', 'Show an app: what it may, and which secrets are good').action(
    (id: string, options: Options) => asking(options, async (api) => show(await api.show(id), options)),
  )

  appsCommand(apps, 'rotate-secret <client-id>', 'Print a new secret, which is shown this once; the old one ends later')
    .option(
      '--overlap <seconds>',
      'so long the old one is good too; a day unless given, 0: it ends now',
      wholeNumber(0),
    )
    .action((id: string, { overlap, ...options }: Options & { overlap?: number }) =>
      asking(options, async (api) => {
        const rotated = await api.rotateSecret(id, overlap)
        if (options.json) return printJson(rotated)
        console.log(`client_secret  ${rotated.client_secret}`)
        if (rotated.previous_expires !== null) console.log(`the old one ends ${time(rotated.previous_expires)}`)
      }),
    )

  appsCommand(apps, 'revoke-secret <client-id> <secret-id>', 'Take a secret away at once').action(
    (id: string, secretId: string, options: Options) =>
      asking(options, async (api) => {
        await api.revokeSecret(id, secretId)
        if (options.json) printJson({ client_id: id, secret_id: secretId, revoked: true })
        else console.log(`${secretId} is good for nothing now`)
      }),
  )

  appsCommand(apps, 'disable <client-id>', 'Let nobody get a token of an app, and take none that it has').action(
    (id: string, options: Options) =>
      asking(options, async (api) => show(await api.change(id, { disabled: true }), options)),
  )

  appsCommand(apps, 'enable <client-id>', 'Take that back').action((id: string, options: Options) =>
    asking(options, async (api) => show(await api.change(id, { disabled: false }), options)),
  )

  appsCommand(apps, 'quota <client-id>', 'Set what an app may; what is not given is as the server has it')
    .option('--requests-per-second <number>', 'REST requests of its services and all its users', wholeNumber(1))
    .option('--user-requests-per-second <number>', 'REST requests of each of its users', wholeNumber(1))
    .option('--sends-per-second <number>', 'what all its users send over sessions', wholeNumber(1))
    .option('--user-sends-per-second <number>', 'what each of its users sends over sessions', wholeNumber(1))
    .action((id: string, options: Options & QuotaOptions) =>
      asking(options, async (api) => {
        const { requestsPerSecond, userRequestsPerSecond, sendsPerSecond, userSendsPerSecond } = options
        const quotas = {
          ...(requestsPerSecond !== undefined && { requests_per_second: requestsPerSecond }),
          ...(userRequestsPerSecond !== undefined && { user_requests_per_second: userRequestsPerSecond }),
          ...(sendsPerSecond !== undefined && { sends_per_second: sendsPerSecond }),
          ...(userSendsPerSecond !== undefined && { user_sends_per_second: userSendsPerSecond }),
        }
        show(await api.change(id, { quotas }), options)
      }),
    )
}

interface QuotaOptions {
  readonly requestsPerSecond?: number
  readonly userRequestsPerSecond?: number
  readonly sendsPerSecond?: number
  readonly userSendsPerSecond?: number
}

function appsCommand(apps: Command, usage: string, about: string): Command {
  return apps
    .command(usage)
    .description(about)
    .addOption(new Option('--url <url>', 'the server').env('CHAT4ALL_URL').default('http://127.0.0.1:8080'))
    .addOption(
      new Option(
        '--admin-token <token>',
        'as the server has it; others on this machine may see what stands on a command line',
      )
        .env('CHAT4ALL_ADMIN_TOKEN')
        .makeOptionMandatory(),
    )
    .option('--json', 'print JSON, for scripts')
}

function asking(options: Options, act: (api: AppsApi) => Promise<void>): Promise<void> {
  return explained(() => act(new AppsApi(options)))
}

function show(app: Parameters<typeof appLines>[0], { json }: Options): void {
  if (json) printJson(app)
  else console.log(appLines(app).join('\n'))
}
