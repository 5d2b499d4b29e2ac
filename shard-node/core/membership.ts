import type { Seq, StoredMember } from '@chat4all/protocol'
import type { ChangeSet } from './change-set.js'
import { type Conversation, type MembershipChange, putMember } from './conversation.js'

/**
 * What a change of the conversation itself means: for the owner that makes it, and for the view, whether fed by the owner
 * or by who recovers its log. Both follow from the change and its seq alone.
 */

/** The members that it puts into another state. */
export function membersOf({ added, removed, promoted, demoted }: MembershipChange, version: Seq): StoredMember[] {
  const members = new Map<string, StoredMember>()
  for (const user of added) members.set(user, { user, role: 'member', present: true, version })
  for (const user of promoted ?? []) members.set(user, { user, role: 'admin', present: true, version })
  for (const user of demoted ?? []) members.set(user, { user, role: 'member', present: true, version })
  for (const user of removed) members.set(user, { user, role: 'member', present: false, version })
  return [...members.values()]
}

/** Rights follow the order of the log, so a change counts for what is assigned after it, committed or not. */
export function putChange(conversation: Conversation, change: MembershipChange, version: Seq): void {
  const { metadata, erased } = change
  for (const member of membersOf(change, version)) putMember(conversation, member)
  // Of an erased conversation nothing is changed but that it is opened anew.
  if (change.added.length > 0) conversation.erased = false
  if (erased === true) {
    conversation.erased = true
    for (const { user, present } of [...conversation.members.values()]) {
      if (present) putMember(conversation, { user, role: 'member', present: false, version })
    }
    conversation.data = { ...conversation.data, metadata: undefined }
  }
  if (metadata !== undefined) conversation.data = { ...conversation.data, metadata }
}

/** Tells the view, behind the message itself. */
export function feedChange(
  set: ChangeSet,
  { id, app }: { readonly id: Conversation['id']; readonly app: Conversation['data']['app'] },
  change: MembershipChange,
  seq: Seq,
): void {
  const builder = set.of(id, app)
  for (const member of membersOf(change, seq)) {
    builder.member(member)
    if (member.present) set.join(app, member.user, id)
  }
  if (change.metadata !== undefined) builder.labels = { metadata: change.metadata, version: seq }
  if (change.erased === true) {
    builder.labels = { metadata: undefined, version: seq }
    set.erase(id, app, { upto: seq })
  } else if (change.forgotten !== undefined) set.erase(id, app, { upto: seq, user: change.forgotten })
}
