import type { ChangeFrame, ErrorCode, UserId } from '@chat4all/protocol'
import { type Conversation, isMember, type MembershipChange } from './conversation.js'

/** Who may change what of a conversation: its members, their roles, its labels; and who may erase. */

type Refusal = readonly [code: ErrorCode, detail?: string]
export const isRefusal = (change: MembershipChange | Refusal): change is Refusal => Array.isArray(change)

/** What of a request has an effect; or why it may not be. */
export function changeOf(
  conversation: Conversation,
  frame: ChangeFrame,
  membersMax: number,
): MembershipChange | Refusal {
  if (conversation.erased) return ['NOT_FOUND']
  const { promote = [], demote = [], metadata, erase, forget } = frame
  const isPrivate = conversation.data.type === 'private'
  const moves = frame.add.length + frame.remove.length + promote.length + demote.length > 0
  if (!frame.service) {
    const by = conversation.members.get(frame.by)
    if (by === undefined || !by.present) return ['NOT_FOUND']
    if (erase === true || forget !== undefined) return ['FORBIDDEN', 'only a service token erases']
    const others = frame.add.length + promote.length + demote.length > 0 || metadata !== undefined
    const leaves = !others && frame.remove.length === 1 && frame.remove[0] === frame.by
    // Two who are alone have the same rights.
    const labels = isPrivate && !moves
    if (by.role !== 'admin' && !leaves && !labels)
      return ['FORBIDDEN', 'only an admin of the group changes its members, their roles and its labels']
  }
  // Nothing of what else it asks for would be left.
  if (erase === true) return { added: [], removed: [], erased: true }
  if (isPrivate && moves) return ['INVALID', 'the members of a private conversation do not change']
  const added = [...new Set(frame.add)].filter((user) => !isMember(conversation, user))
  const removed = [...new Set(frame.remove)].filter((user) => isMember(conversation, user) && !added.includes(user))
  if (conversation.memberCount + added.length > membersMax) {
    return ['INVALID', `a group has at most ${membersMax} members`]
  }
  const roleOf = (user: UserId) =>
    removed.includes(user) ? undefined : added.includes(user) ? 'member' : presentRole(conversation, user)
  const promoted = [...new Set(promote)].filter((user) => roleOf(user) === 'member')
  const demoted = [...new Set(demote)].filter((user) => roleOf(user) === 'admin' && !promoted.includes(user))
  return {
    added,
    removed,
    ...(promoted.length > 0 && { promoted }),
    ...(demoted.length > 0 && { demoted }),
    ...(metadata !== undefined && { metadata }),
    ...(forget !== undefined && { forgotten: forget }),
  }
}

function presentRole(conversation: Conversation, user: UserId): 'member' | 'admin' | undefined {
  const member = conversation.members.get(user)
  return member?.present === true ? member.role : undefined
}
