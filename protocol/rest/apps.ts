import { z } from 'zod'
import { APP_ID, APP_ID_MEANS } from '../schema/parts.js'
import { moment, queryNumber, utf8String } from './scalars.js'

/** Bodies of /v1/apps, for operators. */

const clientId = z.string().regex(APP_ID, `Not a client_id: ${APP_ID_MEANS}`).meta({ id: 'ClientId', example: 'shop' })

const secretId = z
  .string()
  .regex(/^[A-Za-z0-9_]{1,64}$/, 'Not the id of a secret')
  .meta({ id: 'SecretId', description: 'Names a secret and says nothing about it.', example: 's_5f1d3c2b4a69' })

const clientSecret = z.string().meta({ description: 'Shown now and never again: only its hash is kept.' })

const perSecond = z.int().min(1).max(1_000_000)

const quotas = z
  .object({
    requests_per_second: perSecond
      .optional()
      .meta({ description: 'REST requests of the app: of its services and all its users together.' }),
    user_requests_per_second: perSecond.optional().meta({ description: 'REST requests of each user of the app.' }),
    sends_per_second: perSecond.optional().meta({
      description: 'Messages, new conversations and changes of members that all its users together send over sessions.',
    }),
    user_sends_per_second: perSecond.optional().meta({ description: 'The same of each user of the app.' }),
  })
  .meta({ id: 'AppQuotas', description: 'What is left out is as the server has it for every app.' })

const name = utf8String(256).meta({ description: 'For people.', example: 'Shop' })

export const createAppBody = z
  .object({ client_id: clientId, name: name.optional(), quotas: quotas.optional() })
  .meta({ id: 'CreateAppBody' })

export const changeAppBody = z
  .object({
    name: name.optional(),
    disabled: z.boolean().optional().meta({
      description: 'true: nobody gets a token of the app, and those that were given are not taken any more.',
    }),
    quotas: quotas.optional().meta({ description: 'Take the place of all of before.' }),
  })
  .meta({ id: 'ChangeAppBody', description: 'What is left out stays as it is.' })

export const appAnswer = z
  .object({
    client_id: clientId,
    name,
    disabled: z.boolean(),
    quotas,
    created: moment,
    secrets: z
      .array(z.object({ secret_id: secretId, created: moment, expires: moment.optional() }))
      .meta({ description: 'Those that are good now, oldest first; without an end until rotated or revoked.' }),
  })
  .meta({ id: 'App' })

export const appCreatedAnswer = appAnswer.extend({ client_secret: clientSecret }).meta({ id: 'AppCreated' })

export const appParams = z.object({ client_id: clientId })
export const appSecretParams = z.object({ client_id: clientId, secret_id: secretId })

export const listAppsQuery = z.object({
  limit: queryNumber(1, 1000, 'Apps in one page; 100 unless given.').optional(),
  cursor: clientId.optional().meta({ description: 'From `next` of the page before.' }),
})

export const appListAnswer = z
  .object({
    apps: z.array(appAnswer).meta({ description: 'In the order of their ids.' }),
    next: z.string().nullable().meta({ description: 'Address of the next page; null: this is the last.' }),
  })
  .meta({ id: 'AppList' })

export const rotateAppSecretBody = z
  .object({
    overlap: z.int().min(0).max(2_592_000).optional().meta({
      description: 'For so many seconds the newest secret of before is good too; a day unless given. 0: it ends now.',
    }),
  })
  .meta({ id: 'RotateAppSecretBody' })

export const rotatedAppSecretAnswer = z
  .object({
    secret_id: secretId,
    client_secret: clientSecret,
    previous_expires: moment.nullable().meta({ description: 'When the secret of before ends; null: there is none.' }),
  })
  .meta({ id: 'RotatedAppSecret' })

export type AppQuotasJson = z.output<typeof quotas>
export type AppAnswer = z.output<typeof appAnswer>
export type AppCreatedAnswer = z.output<typeof appCreatedAnswer>
export type AppListAnswer = z.output<typeof appListAnswer>
export type RotatedAppSecretAnswer = z.output<typeof rotatedAppSecretAnswer>
