import type { Client, ConversationView } from '@chat4all/sdk'
import { element, timeOfDay } from './dom.js'
import { titleOf, wordsOf } from './naming.js'

/** The left column: conversations, newest first, and the way to begin one. `select` marks the open one. */
export function conversationList(
  client: Client,
  onOpen: (id: string) => void,
): { readonly node: HTMLElement; select(id: string): void } {
  let selected: string | undefined
  let scheduled = false
  const rows = element('ul', { 'aria-label': 'Conversations' })
  const fault = element('p', { class: 'fault', role: 'alert' })
  const names = element('input', {
    name: 'with',
    placeholder: 'Name, or a, b, c',
    'aria-label': 'Begin a chat with',
  })

  const begin = async (event: Event) => {
    event.preventDefault()
    const users = names.value
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '')
    if (users.length === 0) return
    fault.textContent = ''
    try {
      const [only] = users
      const conversation =
        users.length === 1 && only !== undefined ? await client.createPrivate(only) : await client.createGroup(users)
      names.value = ''
      onOpen(conversation.id)
    } catch (error) {
      fault.textContent = (error as { detail?: string }).detail ?? String(error)
    }
  }

  const row = (conversation: ConversationView) =>
    element(
      'li',
      {
        tabindex: '0',
        'data-conversation': conversation.id,
        'aria-current': String(conversation.id === selected),
        click: () => onOpen(conversation.id),
        keydown: (event) => {
          if ((event as KeyboardEvent).key === 'Enter') onOpen(conversation.id)
        },
      },
      element(
        'span',
        { class: 'name' },
        titleOf(conversation, client.user),
        conversation.online.length > 0
          ? element('span', { class: 'dot', title: `Online: ${conversation.online.join(', ')}` })
          : undefined,
      ),
      element('span', { class: 'time' }, conversation.last === undefined ? '' : timeOfDay(conversation.last.time)),
      element(
        'span',
        { class: 'last' },
        conversation.typing.length > 0
          ? `${conversation.typing.join(', ')} …`
          : conversation.last === undefined
            ? ''
            : wordsOf(conversation.last),
      ),
      conversation.unread > 0
        ? element('span', { class: 'badge', title: 'Unread' }, String(conversation.unread))
        : undefined,
    )

  // Many changes may come in one turn; the list is drawn once for all of them.
  const draw = () => {
    if (scheduled) return
    scheduled = true
    requestAnimationFrame(() => {
      scheduled = false
      rows.replaceChildren(...client.conversations().map(row))
    })
  }
  client.on('conversation', draw)
  client.on('removed', draw)
  client.on('ready', draw)

  const node = element(
    'aside',
    { class: 'list' },
    element('header', {}, element('strong', { class: 'me' }, client.user ?? ''), element('span', {}, 'Chat4All')),
    element('form', { submit: (event) => void begin(event) }, names, element('button', { type: 'submit' }, 'Chat')),
    fault,
    rows,
  )
  draw()
  return {
    node,
    select(id) {
      selected = id
      draw()
    },
  }
}
