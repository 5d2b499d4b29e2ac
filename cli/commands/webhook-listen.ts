import { type Command, Option } from 'commander'
import { printJson } from '../terminal/json.js'
import { printable } from '../terminal/printable.js'
import { type Heard, startListener } from '../webhook/listener.js'
import { type Registration, register } from '../webhook/registration.js'
import { CommandError } from './command.js'
import { wholeNumber } from './user-command.js'

interface ListenOptions {
  readonly host: string
  readonly port: number
  readonly secret?: string
  readonly status: number
  readonly register?: string
  readonly clientId: string
  readonly events?: string
  readonly json?: true
}

/** `chat4all webhook listen`: receives webhooks, checks their signatures and shows them. */
export function defineWebhookListen(webhook: Command): void {
  webhook
    // Else the options of the role, which has a port too, would take those of this command.
    .enablePositionalOptions()
    .command('listen')
    .description('Receive webhooks on this machine, check their signatures and show them')
    .option('--host <address>', 'where to listen', '127.0.0.1')
    .option('--port <port>', 'port to listen on; 0: any free one', wholeNumber(0), 4040)
    .addOption(new Option('--secret <whsec>', 'secret of the webhook').env('CHAT4ALL_WEBHOOK_SECRET'))
    .option('--register <server>', 'register this listener at a server, as http://127.0.0.1:8080, until it ends')
    .option('--client-id <id>', 'app to register it for; its secret is CHAT4ALL_CLIENT_SECRET', 'demo')
    .option('--events <types>', 'only these, with commas between them')
    .option('--status <code>', 'answer so instead of 204, to see how failures are met', wholeNumber(200), 204)
    .option('--json', 'print JSON, for scripts')
    .action(listen)
}

async function listen(options: ListenOptions): Promise<void> {
  let registration: Registration | undefined
  const listener = await startListener({
    host: options.host,
    port: options.port,
    status: options.status,
    secret: () => registration?.secret ?? options.secret,
    onHeard: (heard) => (options.json ? printJson(heard) : console.log(lineOf(heard))),
  }).catch((error: Error) => {
    throw new CommandError(`cannot listen on ${options.host}:${options.port}: ${error.message}`)
  })
  try {
    if (options.register !== undefined) registration = await registered(options.register, options, listener.url)
    else if (options.secret === undefined) {
      throw new CommandError('give --secret, CHAT4ALL_WEBHOOK_SECRET or --register, or no signature can be checked')
    }
    // Where scripts that read JSON do not look.
    console.error(`Webhooks are received on ${listener.url}${registration ? ` as ${registration.webhookId}` : ''}`)
    await stopped()
  } finally {
    await registration?.remove().catch((error: Error) => console.error(`it stays registered: ${error.message}`))
    await listener.close()
  }
}

async function registered(server: string, options: ListenOptions, url: string): Promise<Registration> {
  const clientSecret = process.env.CHAT4ALL_CLIENT_SECRET
  if (clientSecret === undefined) throw new CommandError('give the secret of the app as CHAT4ALL_CLIENT_SECRET')
  const events = options.events?.split(',').map((type) => type.trim())
  return register({ server, clientId: options.clientId, clientSecret, url, events }).catch((error: Error) => {
    throw new CommandError(
      `not registered: ${error.message}\nA server takes ${url} only with CHAT4ALL_WEBHOOK_HTTP=true and ` +
        'CHAT4ALL_WEBHOOK_NETWORKS=127.0.0.0/8.',
    )
  })
}

function stopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}

function lineOf({ id, attempt, fault, isAgain, event, status }: Heard): string {
  const { type, timestamp, data } = event
  const about = ['conversation_id', 'seq', 'message_id', 'user', 'status']
    .filter((name) => data[name] !== undefined)
    .map((name) => `${name}=${String(data[name])}`)
  const notes = [
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
    ...(isAgain ? ['again'] : []),
    ...(status >= 200 && status < 300 ? [] : [`answered ${status}`]),
  ]
  const sign = fault === undefined ? '✓' : `✗ ${fault}:`
  return printable([sign, timestamp, type, ...about, id, ...notes].join('  '))
}
