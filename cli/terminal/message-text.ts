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
      return `[${[added, removed].filter((part) => part !== '').join('; ')}]`
    }
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
