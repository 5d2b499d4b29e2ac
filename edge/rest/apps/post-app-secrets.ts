import {
  appParams,
  type RotatedAppSecretAnswer,
  rotateAppSecretBody,
  rotatedAppSecretAnswer,
} from '@chat4all/protocol/rest'
import { rotateSecret } from '../../auth/apps.js'
import { endpoint } from '../endpoint.js'
import { appIdOf } from './app-json.js'

const OVERLAP_SECONDS_UNLESS_TOLD = 86_400

export const postAppSecrets = endpoint({
  method: 'post',
  path: '/v1/apps/{client_id}/secrets',
  name: 'rotateAppSecret',
  tag: 'Apps',
  summary: 'Give an app a new secret, and the one of before an end',
  description: 'Both are good during the overlap. A third one, of an earlier rotation, ends at once.',
  access: 'admin',
  params: appParams,
  body: rotateAppSecretBody,
  takesIdempotencyKey: true,
  answers: { 201: { description: 'The new secret, told once.', schema: rotatedAppSecretAnswer } },
  refusals: [],
  async handle({ params, body }, { directory, now }) {
    const { overlap = OVERLAP_SECONDS_UNLESS_TOLD } = body
    const time = now()
    const { app, id, secret } = await rotateSecret(directory, appIdOf(params), time, time + overlap * 1000)
    const previous = app.secrets.find((each) => each.id !== id)
    const answer: RotatedAppSecretAnswer = {
      secret_id: id,
      client_secret: secret,
      previous_expires: previous?.expires ?? null,
    }
    return { status: 201, body: answer }
  },
})
