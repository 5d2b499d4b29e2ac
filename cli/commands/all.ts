import type { DefineCommand } from './command.js'
import { addSettings, startRole } from './server-role.js'

/** `chat4all all`: every role in one process, with storage of its own. */
export const defineAll: DefineCommand = (command) => {
  addSettings(command, 'all')
  command.option('--demo', 'make the app `demo`, print its credentials and show an exchange of messages')
  command.action(async () => {
    const demo = command.opts<{ demo?: true }>().demo === true
    const { urls, demoApp } = await startRole('all', command, { demo })
    const url = urls[0]!
    console.log(`Chat4All listens on ${urls.join(', ')}`)
    if (!demo || demoApp === undefined) return
    const { clientId, clientSecret } = demoApp
    const link = (user: string) =>
      `${url}/#${new URLSearchParams({ user, client_id: clientId, secret: clientSecret }).toString()}`
    console.log(`
Demo credentials
  client_id      ${clientId}
  client_secret  ${clientSecret}

Two windows to chat in
  ${link('alice')}
  ${link('bob')}

Who owns what, live
  ${url}/console/   (token: operator-token in the data folder)

The same from here: two users on two sockets`)
    const [{ CertificateError }, { runDemoExchange }] = await Promise.all([
      import('@chat4all/sdk'),
      import('../demo/exchange.js'),
    ])
    await runDemoExchange({ url, clientId, clientSecret }, (line) => console.log(line)).catch((error: unknown) => {
      // Those who come to the server may accept it: they know it by its name, and know its authority.
      if (!(error instanceof CertificateError)) throw error
      console.log(`is left out. ${error.detail}`)
    })
    console.log('\nThe server stays up. Ctrl-C stops it.')
  })
}
