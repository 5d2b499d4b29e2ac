import { element } from './dom.js'

/** Where a message is written: Enter sends, Shift+Enter begins a line. */
export function composer(on: { onSend(text: string): void; onTyping(on: boolean): void }): HTMLElement {
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
  return element('div', { class: 'composer' }, text, element('button', { type: 'button', click: send }, 'Send'))
}
