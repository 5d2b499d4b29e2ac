export { type AddressGuard, type AddressRules, createAddressGuard } from './webhook/address-guard.js'
export { newWebhookSecret } from './webhook/secrets.js'
