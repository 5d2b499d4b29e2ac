import type { DefineCommand } from './command.js'
import { addSettings, startRole } from './server-role.js'
import { defineWebhookListen } from './webhook-listen.js'

/** `chat4all webhook`: what delivers webhooks, in a cluster; `chat4all webhook listen`: a receiver to try them with. */
export const defineWebhook: DefineCommand = (command) => {
  addSettings(command, 'webhook')
  command.action(async () => {
    const { urls } = await startRole('webhook', command, { demo: false })
    console.log(`Chat4All delivers webhooks; health on ${urls.join(', ')}`)
  })
  defineWebhookListen(command)
}
