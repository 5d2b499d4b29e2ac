import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** Where the certificate of the public port and its key are. Renewed in place by whoever manages certificates. */
export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

export interface CertificateState {
  /** Differs when anything in the files does. */
  readonly fingerprint: string
  readonly subject: string
  readonly validTo: Date
}

/**
 * Reads both and sees whether they belong together.
 * @throws Error that says what is wrong, without a word of the key.
 */
export function readCertificate({ cert, key }: CertificateFiles): CertificateState {
  const [certText, keyText] = [readFileSync(cert, 'utf8'), readFileSync(key, 'utf8')]
  const certificate = parsed(cert, 'certificate', () => new X509Certificate(certText))
  const privateKey = parsed(key, 'private key', () => createPrivateKey(keyText))
  if (!certificate.checkPrivateKey(privateKey)) throw new Error(`${key} is not the key of the certificate in ${cert}`)
  const validTo = new Date(certificate.validTo)
  if (validTo.getTime() < Date.now()) throw new Error(`the certificate in ${cert} expired on ${certificate.validTo}`)
  return {
    fingerprint: createHash('sha256').update(certText).update(keyText).digest('hex'),
    subject: certificate.subject,
    validTo,
  }
}

function parsed<T>(file: string, what: string, parse: () => T): T {
  try {
    return parse()
  } catch {
    throw new Error(`${file} holds no ${what} in PEM form`)
  }
}
