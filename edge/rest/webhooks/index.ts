import type { Endpoint } from '../endpoint.js'
import { deleteWebhook } from './delete-webhook.js'
import { getWebhook } from './get-webhook.js'
import { getWebhookDeliveries } from './get-webhook-deliveries.js'
import { getWebhookDelivery } from './get-webhook-delivery.js'
import { getWebhooks } from './get-webhooks.js'
import { patchWebhook } from './patch-webhook.js'
import { postWebhookRedeliveries } from './post-webhook-redeliveries.js'
import { postWebhookRedelivery } from './post-webhook-redelivery.js'
import { postWebhookRotateSecret } from './post-webhook-rotate-secret.js'
import { postWebhookTest } from './post-webhook-test.js'
import { postWebhooks } from './post-webhooks.js'

/** Every endpoint of webhooks, in the order of the document. */
export const WEBHOOK_ENDPOINTS: readonly Endpoint[] = [
  postWebhooks,
  getWebhooks,
  getWebhook,
  patchWebhook,
  deleteWebhook,
  postWebhookRotateSecret,
  postWebhookTest,
  getWebhookDeliveries,
  getWebhookDelivery,
  postWebhookRedelivery,
  postWebhookRedeliveries,
]
