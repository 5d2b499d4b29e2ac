import type { Endpoint } from '../endpoint.js'
import { deleteUser } from './delete-user.js'
import { deleteUserIdentity } from './delete-user-identity.js'
import { getErasure } from './get-erasure.js'
import { getIdentities } from './get-identities.js'
import { getUser } from './get-user.js'
import { getUserIdentities } from './get-user-identities.js'
import { getUsers } from './get-users.js'
import { patchUser } from './patch-user.js'
import { postUsers } from './post-users.js'
import { putUserIdentity } from './put-user-identity.js'

export const USER_ENDPOINTS: readonly Endpoint[] = [
  postUsers,
  getUsers,
  getUser,
  patchUser,
  deleteUser,
  getErasure,
  getUserIdentities,
  putUserIdentity,
  deleteUserIdentity,
  getIdentities,
]
