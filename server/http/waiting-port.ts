import type { CertificateFiles } from './certificate-files.js'
import { mountHealth, type Unreadiness } from './health-routes.js'
import { openPublicPort } from './public-port.js'

export interface WaitingPortOptions {
  readonly host: string
  readonly port: number
  readonly tls: CertificateFiles | undefined
  readonly unreadiness: Unreadiness
}

/** Health routes on the port of an edge that cannot serve yet. */
export interface WaitingPort {
  /** The one that it got, where any would do. */
  readonly port: number
  /** Leaves the port to whoever comes next. */
  close(): void
}

/** @throws CannotListenError, or an Error that says what is wrong with the certificate. */
export async function openWaitingPort({ unreadiness, ...options }: WaitingPortOptions): Promise<WaitingPort> {
  const waiting = await openPublicPort({ ...options, mount: (app) => mountHealth(app, unreadiness) })
  return { port: Number(new URL(waiting.url).port), close: () => waiting.close() }
}
