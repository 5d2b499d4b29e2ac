import { type Client, type Content, type Files, fileContent, type Message, type Sending } from '@chat4all/sdk'
import { composer } from './composer.js'
import { dayOf, element, timeOfDay } from './dom.js'
import { FileViews } from './file-views.js'
import { titleOf, wordsOf } from './naming.js'
import { ticks } from './ticks.js'
import { Timeline } from './timeline.js'
import { uploadView } from './upload-view.js'

const PAGE = 50
/** Closer than this to the end, pixels, the reader follows the newest message. */
const NEAR_END = 80

/** The right column: one conversation. `close` ends its listening. */
export function thread(client: Client, files: Files, id: string): { readonly node: HTMLElement; close(): void } {
  const timeline = new Timeline()
  const failed: Sending[] = []
  let loading = false
  let scheduled = false
  let follow = true

  const title = element('h2')
  const status = element('p', { 'aria-live': 'polite' })
  const list = element('div', { class: 'messages', role: 'log', 'aria-label': 'Messages', tabindex: '0' })
  const uploads = element('div', { class: 'uploads' })
  const fileViews = new FileViews(files, id, () => {
    if (follow) list.scrollTop = list.scrollHeight
  })
  const send = (content: Content) => {
    follow = true
    const sending = client.send(id, content)
    sending.result.catch(() => {
      failed.push(sending)
      draw()
    })
    draw()
  }
  const input = composer({
    onSend: (text) => send(text),
    onFiles: (chosen) => {
      for (const file of chosen) uploads.append(uploadView(files, file, (uploaded) => send(fileContent(uploaded))))
    },
    onTyping: (on) => client.setTyping(id, on),
  })
  const node = element(
    'main',
    { class: 'thread', 'data-conversation': id },
    element('header', {}, title, status),
    list,
    uploads,
    input,
  )

  const load = async (older: boolean) => {
    if (loading || (older && !timeline.hasOlder)) return
    loading = true
    try {
      const before = older ? timeline.before : undefined
      timeline.addPage(await client.history(id, { limit: PAGE, ...(before !== undefined && { before }) }))
      if (older) keepPlace()
      else draw()
    } catch (error) {
      status.textContent = (error as { detail?: string }).detail ?? String(error)
    } finally {
      loading = false
    }
  }

  /** What was in view stays in view when older messages come in above it. */
  const keepPlace = () => {
    const fromEnd = list.scrollHeight - list.scrollTop
    drawNow()
    list.scrollTop = list.scrollHeight - fromEnd
  }

  const bubble = (message: Message) => {
    if (message.payload.type === 'membership')
      return element('div', { class: 'note', 'data-seq': String(message.seq) }, wordsOf(message))
    const conversation = client.conversation(id)
    const author =
      message.own || conversation?.type === 'private' ? undefined : element('span', { class: 'author' }, message.from)
    const meta = element(
      'span',
      { class: 'meta' },
      timeOfDay(message.time),
      message.own ? ticks(client.messageStatus(id, message.seq)) : '',
    )
    return element(
      'div',
      { class: message.own ? 'message own' : 'message', 'data-seq': String(message.seq) },
      author,
      message.payload.type === 'file' ? fileViews.view(message.messageId, message.payload) : wordsOf(message),
      meta,
    )
  }

  const onItsWay = (sending: Sending, state: 'sending' | 'failed') => {
    const words = sending.payload.type === 'text' ? sending.payload.text : sending.payload.type
    const others = 0
    const marks = ticks({ state, others, deliveredTo: undefined, readBy: undefined })
    return element('div', { class: `message own ${state}` }, words, element('span', { class: 'meta' }, marks))
  }

  const drawNow = () => {
    const conversation = client.conversation(id)
    if (conversation !== undefined) {
      title.textContent = titleOf(conversation, client.user)
      status.textContent =
        conversation.typing.length > 0
          ? `${conversation.typing.join(', ')} ${conversation.typing.length === 1 ? 'is' : 'are'} typing …`
          : conversation.online.length > 0
            ? conversation.type === 'private'
              ? 'online'
              : `online: ${conversation.online.join(', ')}`
            : ''
    }
    const nodes: Node[] = []
    let day = ''
    for (const message of timeline.messages) {
      if (dayOf(message.time) !== day) {
        day = dayOf(message.time)
        nodes.push(element('div', { class: 'note' }, day))
      }
      nodes.push(bubble(message))
    }
    const shown = new Set<string>(timeline.messages.map((message) => message.messageId))
    for (const sending of client.pending(id))
      if (!shown.has(sending.messageId)) nodes.push(onItsWay(sending, 'sending'))
    for (const sending of failed) nodes.push(onItsWay(sending, 'failed'))
    list.replaceChildren(...nodes)
    if (follow) list.scrollTop = list.scrollHeight
    markRead()
  }

  const draw = () => {
    if (scheduled) return
    scheduled = true
    requestAnimationFrame(() => {
      scheduled = false
      drawNow()
    })
  }

  const markRead = () => {
    if (document.visibilityState === 'visible' && document.hasFocus() && follow) client.markRead(id)
  }

  list.addEventListener('scroll', () => {
    follow = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_END
    if (list.scrollTop < NEAR_END) void load(true)
    markRead()
  })
  window.addEventListener('focus', markRead)

  const stops = [
    client.on('message', (message) => {
      if (message.conversation !== id) return
      timeline.addLive(message)
      draw()
    }),
    client.on('erased', (erasure) => {
      if (erasure.conversation !== id) return
      timeline.erase(erasure)
      fileViews.keepOnly(timeline.messages)
      draw()
    }),
    client.on('gap', ({ conversation, first }) => {
      if (conversation !== id) return
      timeline.dropBefore(first)
      fileViews.keepOnly(timeline.messages)
      draw()
    }),
    client.on('conversation', (conversation) => conversation.id === id && draw()),
    client.on('sent', ({ conversation }) => conversation === id && draw()),
    // What was missed while away comes as live messages; a first page that failed is asked again.
    client.on('ready', () => timeline.before === undefined && void load(false)),
    () => window.removeEventListener('focus', markRead),
  ]
  draw()
  void load(false)
  queueMicrotask(() => input.querySelector('textarea')?.focus())
  return {
    node,
    close() {
      for (const stop of stops) stop()
    },
  }
}
