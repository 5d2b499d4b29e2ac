import { Chat4AllError } from '@chat4all/protocol'

/** A certificate that this program does not accept. Asked again, the server shows the same one until somebody acts. */
export class CertificateError extends Chat4AllError {
  constructor(detail: string) {
    super('UNAVAILABLE', detail)
    this.name = 'CertificateError'
  }
}

const ADD_AUTHORITY =
  'start this program with NODE_EXTRA_CA_CERTS=authority.pem, a file with the certificate of the authority that issued it.'

/** What to do, by the code that Node gives the fault. Browsers tell nothing of certificates. */
const REMEDIES: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ADD_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: ADD_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ADD_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: ADD_AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: ADD_AUTHORITY,
  ERR_TLS_CERT_ALTNAME_INVALID: 'use an address that it names, or give the server one that names this address.',
  CERT_HAS_EXPIRED: 'renew it on the server, or correct the clock here.',
  CERT_NOT_YET_VALID: 'correct the clock here, or give the server one that is valid already.',
}

/** The fault of a request that was never answered. */
export function noAnswer(url: string, error: unknown): Chat4AllError {
  const { code, message } = causeOf(error)
  return certificateFault(url, error) ?? new Chat4AllError('UNAVAILABLE', `No answer from ${url}: ${code ?? message}`)
}

/** What is wrong with the certificate of the server at `url`, and what to do; undefined if `error` is about something else. */
export function certificateFault(url: string, error: unknown): CertificateError | undefined {
  const { code, message } = causeOf(error)
  if (code === undefined || !Object.hasOwn(REMEDIES, code)) return undefined
  const what = `The certificate of ${new URL(url).origin} is not accepted`
  return new CertificateError(`${what} (${code}: ${message}): ${REMEDIES[code]}`)
}

/** fetch says only "fetch failed"; why stands in its cause. */
function causeOf(error: unknown): Error & { readonly code?: string } {
  const { cause } = error as Error
  return cause instanceof Error ? cause : (error as Error)
}
