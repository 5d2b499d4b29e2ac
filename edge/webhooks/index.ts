export { WebhookService, type WebhookServiceOptions } from './webhook-service.js'
