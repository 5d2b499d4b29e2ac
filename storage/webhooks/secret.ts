import { randomBytes } from 'node:crypto'

const SECRET_BYTES = 24

/** A new secret, as Standard Webhooks writes them. */
export const newWebhookSecret = (): string => `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`
