import {
  type AppId,
  type ConversationId,
  type ConversationInfo,
  type Millis,
  slotOf,
  type UserId,
} from '@chat4all/protocol'
import { type Conversation, infoFor, isMember } from './conversation.js'
import type { LinkId } from './effects.js'
import type { ShardState } from './state.js'

/** Conversations read from the view at a time for one list, and told in one frame. */
const LOADED_AT_ONCE = 100

export interface Question {
  readonly id: number
  readonly app: AppId
  readonly user: UserId
  /** Also those that the user has left. */
  readonly left?: boolean | undefined
}

/** Lists the conversations of a user that this node owns: those in the view, and those that are not there yet. */
export function enumerate(state: ShardState, link: LinkId, question: Question, now: Millis): void {
  state.pipeline.barrier(() => {
    const { app, user, left = false } = question
    const recent = state.materialiser.recentlyJoined(app, user)
    const token = state.question<readonly ConversationId[] | 'failed'>((stored) => {
      // After a failed read the edge hears nothing: a list that it took for whole would hide a conversation from its
      // user. It asks again.
      if (stored === 'failed') return
      const ids = [...new Set([...stored, ...recent])].filter((id) => state.serves(slotOf(id)))
      for (const id of ids) {
        const held = state.held(slotOf(id))
        if (held !== undefined) return void held.whenOver.push(() => enumerate(state, link, question, now))
      }
      tellNext(state, link, question, ids, now)
    })
    state.effects.push({ type: 'list', token, app, user, left })
  })
}

function tellNext(state: ShardState, link: LinkId, question: Question, ids: ConversationId[], now: Millis): void {
  const portion = ids.splice(0, LOADED_AT_ONCE)
  const infos: ConversationInfo[] = []
  let left = portion.length
  let failed = false
  const done = () => {
    if (failed) return
    state.effects.push({
      type: 'send',
      link,
      frame: { t: 'enumerated', id: question.id, conversations: infos, last: ids.length === 0 },
    })
    if (ids.length > 0) tellNext(state, link, question, ids, now)
  }
  if (left === 0) return done()
  for (const id of portion) {
    // It went to another node while those before it were read. What were loaded now would be old when it came back.
    if (!state.serves(slotOf(id)) || state.held(slotOf(id)) !== undefined) {
      failed = true
      if (--left === 0) done()
      continue
    }
    const conversation = state.conversation(id, now)
    const take = () => {
      const { status, data } = conversation
      if (status === 'ready' && data.app === question.app && isListed(conversation, question)) {
        infos.push(infoFor(conversation, question.user))
      } else if (status === 'loading') failed = true
      if (--left === 0) done()
    }
    if (conversation.status === 'loading') {
      conversation.whenLoaded ??= []
      conversation.whenLoaded.push(take)
    } else take()
  }
}

function isListed(conversation: Conversation, { user, left }: Question): boolean {
  return isMember(conversation, user) || (left === true && !conversation.erased)
}
