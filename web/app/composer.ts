import { element } from './dom.js'

/** Where a message is written: Enter sends, Shift+Enter begins a line; files are chosen, dropped or pasted. */
export function composer(on: {
  onSend(text: string): void
  onFiles(files: readonly File[]): void
  onTyping(on: boolean): void
}): HTMLElement {
  const text = element('textarea', { rows: '1', placeholder: 'Message', 'aria-label': 'Message' })
  const send = () => {
    const words = text.value.trim()
    if (words === '') return
    text.value = ''
    on.onTyping(false)
    on.onSend(words)
    text.focus()
  }
  text.addEventListener('input', () => on.onTyping(text.value !== ''))
  text.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
    event.preventDefault()
    send()
  })
  const chooser = element('input', { type: 'file', multiple: true, hidden: true, 'aria-label': 'Files to send' })
  chooser.addEventListener('change', () => {
    on.onFiles([...(chooser.files ?? [])])
    chooser.value = ''
  })
  const take = (event: Event, given: DataTransfer | null) => {
    if (given === null || given.files.length === 0) return
    event.preventDefault()
    on.onFiles([...given.files])
  }
  text.addEventListener('paste', (event) => take(event, event.clipboardData))
  text.addEventListener('drop', (event) => take(event, event.dataTransfer))
  const attach = element(
    'button',
    { type: 'button', class: 'attach', 'aria-label': 'Send files', title: 'Send files', click: () => chooser.click() },
    '📎',
  )
  const button = element('button', { type: 'button', class: 'send', click: send }, 'Send')
  return element('div', { class: 'composer' }, attach, chooser, text, button)
}
