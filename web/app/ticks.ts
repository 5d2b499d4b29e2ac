import type { MessageStatus } from '@chat4all/sdk'
import { element } from './dom.js'

const MARKS: Record<MessageStatus['state'], { readonly mark: string; readonly says: string }> = {
  sending: { mark: '◷', says: 'Sending' },
  failed: { mark: '!', says: 'Not sent' },
  sent: { mark: '✓', says: 'Sent: stored by the server' },
  delivered: { mark: '✓✓', says: 'Delivered to everyone' },
  read: { mark: '✓✓', says: 'Read by everyone' },
}

/** The marks behind an own message. */
export function ticks(status: MessageStatus | undefined): HTMLElement {
  const state = status?.state ?? 'sent'
  const { mark, says } = MARKS[state]
  const counts =
    status?.deliveredTo === undefined || status.others < 2
      ? ''
      : ` (delivered ${status.deliveredTo}, read ${status.readBy} of ${status.others})`
  return element(
    'span',
    { class: `ticks ${state}`, title: says + counts, 'aria-label': says + counts, 'data-state': state },
    mark,
  )
}
