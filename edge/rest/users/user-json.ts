import type { UserId } from '@chat4all/protocol'
import type { IdentityAnswer, UserAnswer } from '@chat4all/protocol/rest'
import type { StoredIdentity, StoredUser } from '@chat4all/storage'

export function userJson({ id, name, avatarUrl, metadata, created, updated }: StoredUser): UserAnswer {
  return { user_id: id, name: name ?? null, avatar_url: avatarUrl ?? null, metadata: { ...metadata }, created, updated }
}

export function identityJson({ user, channel, address, created }: StoredIdentity): IdentityAnswer {
  return { user_id: user, channel, address, created }
}

export const userIdOf = (params: { readonly user_id: string }): UserId => params.user_id as UserId
