export {
  addSecret,
  createApp,
  type NewApp,
  newSecret,
  type RotatedSecret,
  revokeSecret,
  rotateSecret,
  validSecrets,
} from './apps.js'
export { type AuthenticatorOptions, createAuthenticator } from './jwt-authenticator.js'
export type { Authenticator, Identity } from './port.js'
export { hashSecret } from './secret-hash.js'
