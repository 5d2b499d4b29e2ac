import { Client, Files, webStorage } from '@chat4all/sdk'
import { banner } from './banner.js'
import { conversationList } from './conversation-list.js'
import { element } from './dom.js'
import { accountOfLink, signIn, tokenOf } from './sign-in.js'
import { thread } from './thread.js'

/** Signs in, then shows the chat. The conversation that is open stands behind `#` no more than the secret does. */
async function main(root: HTMLElement): Promise<void> {
  const given = accountOfLink(location.hash)
  // The link carried a secret: it does not stay in the address bar, nor in the history.
  history.replaceState(null, '', location.pathname)
  const account = await signIn(root, given)
  const client = new Client({
    url: location.origin,
    token: () => tokenOf(account),
    // A tab is a device: two tabs must not share what is unsent.
    storage: webStorage(sessionStorage, `chat4all:${account.clientId}:${account.user}`),
    agent: 'chat4all-web/2',
  })
  document.title = `${account.user} · Chat4All`
  await client.connect()
  showChat(root, client, new Files({ url: location.origin, token: () => tokenOf(account) }))
}

function showChat(root: HTMLElement, client: Client, files: Files): void {
  const empty = element('main', { class: 'empty' }, 'Pick a conversation, or begin one with a name on the left.')
  const column = element('div', { class: 'column' }, empty)
  let current: ReturnType<typeof thread> | undefined
  const list = conversationList(client, open)
  function open(id: string): void {
    current?.close()
    current = thread(client, files, id)
    column.replaceChildren(current.node)
    list.select(id)
  }
  client.on('removed', ({ conversation }) => {
    if (current?.node.dataset.conversation !== conversation) return
    current.close()
    current = undefined
    column.replaceChildren(empty)
  })
  root.replaceChildren(element('div', { class: 'chat' }, banner(client), list.node, column))
}

const root = document.getElementById('app')
if (root !== null) {
  main(root).catch((error) => {
    root.replaceChildren(
      element('p', { class: 'fault empty', role: 'alert' }, (error as { detail?: string }).detail ?? String(error)),
    )
  })
}
