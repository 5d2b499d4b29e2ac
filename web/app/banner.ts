import type { Client, ConnectionState } from '@chat4all/sdk'
import { element } from './dom.js'

/** Says when there is no connection, and when the next attempt is. Hidden while all is well. */
export function banner(client: Client): HTMLElement {
  const bar = element('div', { class: 'banner', role: 'status', hidden: true })
  let countdown: ReturnType<typeof setInterval> | undefined
  const show = (state: ConnectionState) => {
    bar.hidden = state.status === 'online'
    bar.textContent = textOf(state)
  }
  client.on('state', (state) => {
    clearInterval(countdown)
    show(state)
    if (state.status === 'offline') countdown = setInterval(() => show(state), 500)
  })
  show(client.state)
  return bar
}

function textOf(state: ConnectionState): string {
  if (state.status === 'online') return ''
  if (state.status === 'connecting') return 'Connecting …'
  const why = state.reason === undefined ? 'No connection.' : `No connection: ${state.reason.detail}`
  if (state.nextAttemptAt === undefined) return `${why} Reload the page to try again.`
  const seconds = Math.max(0, Math.ceil((state.nextAttemptAt - Date.now()) / 1000))
  return `${why} Trying again in ${seconds} s. What you write is sent then.`
}
