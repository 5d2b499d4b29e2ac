import type { WebhookSecret } from '@chat4all/storage'
import { Webhook as StandardWebhook } from 'standardwebhooks'

/** Those that sign at a moment. */
export function validSecrets(secrets: readonly WebhookSecret[], now: number): WebhookSecret[] {
  return secrets.filter(({ expires }) => expires === undefined || expires > now)
}

/** The header webhook-signature: one signature for each secret, so that receivers may change theirs when they like. */
export function signatureHeader(
  secrets: readonly WebhookSecret[],
  message: { readonly id: string; readonly at: Date; readonly body: string },
): string {
  return secrets.map(({ secret }) => new StandardWebhook(secret).sign(message.id, message.at, message.body)).join(' ')
}
