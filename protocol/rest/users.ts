import { z } from 'zod'
import { channel, metadata, metadataInput, moment, queryNumber, userId, utf8String } from './scalars.js'

/** Bodies of /v1/users, of identities, and of the jobs that erase. */

const name = utf8String(256).meta({ description: 'For people.', example: 'Ana Lima' })

const avatarUrl = utf8String(2048)
  .regex(/^https?:\/\/[^\s]+$/, 'Not an address: it begins with https:// or http://')
  .meta({ description: 'Address of a picture.', example: 'https://shop.example.org/ana.png' })

export const createUserBody = z
  .object({
    user_id: userId,
    name: name.optional(),
    avatar_url: avatarUrl.optional(),
    metadata: metadataInput.optional(),
  })
  .meta({ id: 'CreateUserBody' })

export const changeUserBody = z
  .object({
    name: name.nullable().optional(),
    avatar_url: avatarUrl.nullable().optional(),
    metadata: metadataInput.optional().meta({ description: 'Takes the place of all labels of before.' }),
  })
  .meta({ id: 'ChangeUserBody', description: 'What is left out stays as it is; null takes it away.' })

export const userAnswer = z
  .object({
    user_id: userId,
    name: name.nullable(),
    avatar_url: z.string().nullable(),
    metadata,
    created: moment,
    updated: moment,
  })
  .meta({ id: 'User' })

export const userParams = z.object({ user_id: userId })

export const listUsersQuery = z.object({
  limit: queryNumber(1, 1000, 'Users in one page; 100 unless given.').optional(),
  cursor: userId.optional().meta({ description: 'From `next` of the page before.' }),
})

export const userListAnswer = z
  .object({
    users: z.array(userAnswer).meta({ description: 'In the order of their ids.' }),
    next: z.string().nullable().meta({ description: 'Address of the next page; null: this is the last.' }),
  })
  .meta({ id: 'UserList' })

/** No control characters, and neither `.` nor `..`, for the reason that no user is called so (schema/parts.ts). */
const ADDRESS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused.
  /^(?:[^.\u0000-\u001f\u007f-\u009f]|\.[^.\u0000-\u001f\u007f-\u009f]|\.\.[^\u0000-\u001f\u007f-\u009f])[^\u0000-\u001f\u007f-\u009f]*$/

const address = utf8String(256)
  .min(1)
  .regex(ADDRESS, 'Not an address: it holds a control character, or is . or ..')
  .meta({
    id: 'ChannelAddress',
    description: 'As the channel writes it. Not `.` or `..`, which no URL can name.',
    example: '+5562999990000',
  })

export const identityParams = z.object({ user_id: userId, channel, address })

export const identityAnswer = z
  .object({ user_id: userId, channel, address: z.string(), created: moment })
  .meta({ id: 'Identity', description: 'On this channel, this address is this user.' })

export const identityListAnswer = z.object({ identities: z.array(identityAnswer) }).meta({ id: 'IdentityList' })

export const findIdentityQuery = z.object({ channel, address })

const erasureId = z
  .string()
  .regex(/^er_[0-9a-f]{32}$/, 'Not the id of an erasure')
  .meta({ id: 'ErasureId', example: 'er_0f4b6a4e9d1c4d7a8b5e3f2a1c0d9e8f' })

export const erasureParams = z.object({ erasure_id: erasureId })

export const erasureAnswer = z
  .object({
    erasure_id: erasureId,
    user_id: userId,
    status: z.enum(['pending', 'done']).meta({ description: 'pending: under way, and tried again until it is done.' }),
    conversations: z.int().min(0).meta({ description: 'In so many of them it is done.' }),
    created: moment,
    updated: moment,
  })
  .meta({ id: 'Erasure' })

export type ErasureAnswer = z.output<typeof erasureAnswer>
export type UserAnswer = z.output<typeof userAnswer>
export type UserListAnswer = z.output<typeof userListAnswer>
export type IdentityAnswer = z.output<typeof identityAnswer>
export type IdentityListAnswer = z.output<typeof identityListAnswer>
