import { z } from 'zod'
import { userId } from './scalars.js'

/** POST /auth/token. */

export const tokenRequest = z
  .object({
    client_id: z.string().min(1).max(64).meta({ example: 'demo' }),
    client_secret: z.string().min(1).max(1024),
    user: userId
      .optional()
      .meta({ description: 'Ask for a token that acts only for this user. Without it: a service token.' }),
    grant_type: z
      .literal('client_credentials', 'The only grant here is client_credentials')
      .optional()
      .meta({ description: 'As in RFC 6749; may be left out.' }),
  })
  .meta({ id: 'TokenRequest' })

export const tokenAnswer = z
  .object({
    access_token: z.string().meta({ description: 'Send it as `Authorization: Bearer …`, or in the `hello` frame.' }),
    expires_in: z.int().min(1).meta({ description: 'Seconds.', example: 3600 }),
    token_type: z.literal('Bearer'),
  })
  .meta({ id: 'TokenAnswer' })

export type TokenRequest = z.input<typeof tokenRequest>
export type TokenAnswer = z.output<typeof tokenAnswer>
