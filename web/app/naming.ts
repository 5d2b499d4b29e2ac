import type { ConversationView, Message } from '@chat4all/sdk'

/** How a conversation is called: its title, else who else is in it. */
export function titleOf(conversation: ConversationView, self: string | undefined): string {
  const { title } = conversation.metadata
  if (title !== undefined) return title
  if (conversation.peer !== undefined) return conversation.peer
  const others = conversation.members?.map(({ user }) => user).filter((user) => user !== self)
  return others === undefined ? `Group of ${conversation.memberCount}` : others.join(', ') || 'Only you'
}

/** A message in one line of words. */
export function wordsOf({ payload, from }: Message): string {
  switch (payload.type) {
    case 'text':
      return payload.text
    case 'file':
      return `File: ${payload.name}`
    case 'custom':
      return 'Content that this page does not show'
    case 'erased':
      return 'Erased'
    case 'membership': {
      const changes = [
        payload.added.length > 0 && `added ${payload.added.join(', ')}`,
        payload.removed.length > 0 &&
          (payload.removed.join() === from ? 'left' : `removed ${payload.removed.join(', ')}`),
        payload.promoted && `made ${payload.promoted.join(', ')} admin`,
        payload.demoted && `made ${payload.demoted.join(', ')} an ordinary member`,
        payload.metadata && 'changed the labels',
        payload.forgotten && `erased what ${payload.forgotten} said`,
        payload.erased && 'erased the conversation',
      ].filter(Boolean)
      return `${from} ${changes.join(' and ') || 'changed nothing'}`
    }
  }
}
