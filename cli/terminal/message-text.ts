import type { Message, MessageStatus } from '@chat4all/sdk/node'
import { printable } from './printable.js'

/** What a message says, on one line, safe for a terminal. */
export function messageText({ payload }: Pick<Message, 'payload'>): string {
  switch (payload.type) {
    case 'text':
      return printable(payload.text)
    case 'file':
      return printable(`[file ${payload.name}, ${payload.size} bytes] ${payload.caption ?? ''}`.trimEnd())
    case 'custom':
      return printable(`[custom] ${JSON.stringify(payload.data)}`)
    case 'membership': {
      const added = payload.added.length > 0 ? `added ${payload.added.join(', ')}` : ''
      const removed = payload.removed.length > 0 ? `removed ${payload.removed.join(', ')}` : ''
      const promoted = payload.promoted ? `made ${payload.promoted.join(', ')} admin` : ''
      const demoted = payload.demoted ? `${payload.demoted.join(', ')} no longer admin` : ''
      const labels = payload.metadata ? 'changed the labels' : ''
      const erased = payload.erased ? 'erased the conversation' : ''
      const forgotten = payload.forgotten ? `erased what ${payload.forgotten} said` : ''
      const parts = [added, removed, promoted, demoted, labels, erased, forgotten]
      return `[${parts.filter((part) => part !== '').join('; ')}]`
    }
    case 'erased':
      return '[erased]'
  }
}

/** The ticks of an own message; two columns wide. */
export const MARKS: Readonly<Record<MessageStatus['state'], string>> = {
  sending: '· ',
  failed: '! ',
  sent: '✓ ',
  delivered: '✓✓',
  read: '✓✓',
}

/** Hours and minutes here, with the date when it is another day. */
export function timeText(time: number, now: number): string {
  const moment = new Date(time)
  const clock = `${two(moment.getHours())}:${two(moment.getMinutes())}`
  if (moment.toDateString() === new Date(now).toDateString()) return clock
  return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())} ${clock}`
}

const two = (n: number) => String(n).padStart(2, '0')
