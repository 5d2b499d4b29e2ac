import type { ErasureAnswer } from '@chat4all/protocol/rest'
import type { StoredErasure } from '@chat4all/storage'

export function erasureJson({ id, user, status, conversations, created, updated }: StoredErasure): ErasureAnswer {
  return { erasure_id: id, user_id: user, status, conversations, created, updated }
}
