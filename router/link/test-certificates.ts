import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { LinkTls } from './tcp.js'

/**
 * A certificate authority for tests: certificates made on the spot, so that none with a key lies in the repository and
 * none expires. Just as much X.509 (RFC 5280) as TLS asks for: P-256, a common name, DNS names.
 */
export class TestAuthority {
  private readonly name: string
  private readonly keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })

  constructor(name: string) {
    this.name = name
  }

  /** What a process that is called so presents, and whom it trusts: this authority. */
  issue(dnsName: string): LinkTls {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    return {
      ca: this.certificate(this.name, this.keys.publicKey, true),
      cert: this.certificate(dnsName, publicKey, false),
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    }
  }

  private certificate(subject: string, key: KeyObject, isAuthority: boolean): string {
    const names = context(3, sequence(extensionOf(subject, isAuthority)))
    const body = sequence(
      context(0, der(INTEGER, Buffer.of(2))),
      der(INTEGER, Buffer.of(isAuthority ? 1 : 2)),
      ECDSA_WITH_SHA256,
      commonName(this.name),
      sequence(time('20200101000000Z'), time('21200101000000Z')),
      commonName(subject),
      key.export({ type: 'spki', format: 'der' }),
      names,
    )
    const signature = sign('sha256', body, this.keys.privateKey)
    const whole = sequence(body, ECDSA_WITH_SHA256, der(BIT_STRING, Buffer.concat([Buffer.of(0), signature])))
    const lines = whole.toString('base64').match(/.{1,64}/g)!
    return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
  }
}

const [BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, UTF8_STRING, GENERALIZED_TIME, SEQUENCE, SET] = [
  1, 2, 3, 4, 12, 24, 0x30, 0x31,
] as const

function der(tag: number, ...content: Uint8Array[]): Buffer {
  const body = Buffer.concat(content)
  const length =
    body.length < 128
      ? Buffer.of(body.length)
      : body.length < 256
        ? Buffer.of(0x81, body.length)
        : Buffer.of(0x82, body.length >> 8, body.length & 0xff)
  return Buffer.concat([Buffer.of(tag), length, body])
}

const sequence = (...parts: Uint8Array[]): Buffer => der(SEQUENCE, ...parts)
const context = (number: number, content: Uint8Array): Buffer => der(0xa0 | number, content)
const oid = (hex: string): Buffer => der(6, Buffer.from(hex, 'hex'))
const time = (text: string): Buffer => der(GENERALIZED_TIME, Buffer.from(text))
const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'))

const commonName = (name: string): Buffer =>
  sequence(der(SET, sequence(oid('550403'), der(UTF8_STRING, Buffer.from(name)))))

/** Basic constraints of an authority; the DNS name of anybody else. */
function extensionOf(subject: string, isAuthority: boolean): Buffer {
  const yes = der(BOOLEAN, Buffer.of(0xff))
  if (isAuthority) return sequence(oid('551d13'), yes, der(OCTET_STRING, sequence(yes)))
  return sequence(oid('551d11'), der(OCTET_STRING, sequence(der(0x82, Buffer.from(subject)))))
}
