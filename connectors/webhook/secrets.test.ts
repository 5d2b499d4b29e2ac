import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signatureHeader, validSecrets } from './secrets.js'

// The example that Standard Webhooks and its libraries publish.
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const MESSAGE = {
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  at: new Date(1_614_265_330_000),
  body: '{"test": 2432232314}',
}
const SIGNATURE = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='

test('the signature is the one that Standard Webhooks publishes for its example', () => {
  assert.equal(signatureHeader([{ secret: SECRET, expires: undefined }], MESSAGE), SIGNATURE)
})

test('each valid secret signs, the current one first; one whose time is over does not', () => {
  const secrets = [
    { secret: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD', expires: undefined },
    { secret: SECRET, expires: 1_000 },
  ]
  const signatures = signatureHeader(validSecrets(secrets, 999), MESSAGE).split(' ')
  assert.equal(signatures.length, 2)
  assert.equal(signatures[1], SIGNATURE)
  assert.equal(validSecrets(secrets, 1_000).length, 1)
})
