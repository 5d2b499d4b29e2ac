import type { RegisterCommand } from './command.js'
import { serverRole, startRole } from './server-role.js'
import { registerWebhookListen } from './webhook-listen.js'

/** `chat4all webhook`: what delivers webhooks, in a cluster; `chat4all webhook listen`: a receiver to try them with. */
export const registerWebhook: RegisterCommand = (program) => {
  const command = serverRole(program, 'webhook', 'Run one process of a cluster that delivers webhooks')
  command.action(async () => {
    const { urls } = await startRole('webhook', command, { demo: false })
    console.log(`Chat4All delivers webhooks; health on ${urls.join(', ')}`)
  })
  registerWebhookListen(command)
}
