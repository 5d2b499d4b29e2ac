import { App, SSLApp, type TemplatedApp } from 'uWebSockets.js'
import { type CertificateFiles, type CertificateState, readCertificate } from './certificate-files.js'
import { type Listening, listen, listenForTakeover, takeOver, urlOf } from './listen.js'

export interface PublicPortOptions {
  readonly host: string
  readonly port: number
  /** Undefined: in the clear. */
  readonly tls: CertificateFiles | undefined
  /** Puts everything that answers on an app; called again for each new certificate. */
  readonly mount: (app: TemplatedApp) => void
  readonly onRenewed?: (certificate: CertificateState) => void
  /** The files changed and are of no use; the certificate of before goes on being shown. */
  readonly onNotRenewed?: (error: Error) => void
  /** How often the files are looked at. */
  readonly lookMs?: number
}

export interface PublicPort {
  readonly url: string
  /** Takes no more connections; those that are open stay. */
  stopListening(): void
  /** Looks at the files now. */
  renew(): Promise<void>
  /** Closes every connection. */
  close(): void
}

const LOOK_MS = 10_000

/**
 * The port that clients use, with TLS or without. uWebSockets ties a certificate to an app for good, so a renewed one gets
 * an app of its own, which takes over the port; connections that stand stay with the app, and the certificate, that
 * they came by.
 * @throws CannotListenError, or an Error that says what is wrong with the files.
 */
export async function openPublicPort(options: PublicPortOptions): Promise<PublicPort> {
  const port = new TlsPort(options)
  await port.open()
  return port
}

class TlsPort implements PublicPort {
  private readonly options: PublicPortOptions
  private readonly apps: TemplatedApp[] = []
  private listening: Listening | undefined
  private shown: CertificateState | undefined
  private refused: string | undefined
  private looking: NodeJS.Timeout | undefined
  private port: number

  constructor(options: PublicPortOptions) {
    this.options = options
    this.port = options.port
  }

  get url(): string {
    return urlOf(this.options.host, this.port, this.options.tls !== undefined)
  }

  async open(): Promise<void> {
    const { tls, lookMs = LOOK_MS } = this.options
    if (tls !== undefined) this.shown = readCertificate(tls)
    await this.takeOver()
    if (tls === undefined) return
    this.looking = setInterval(() => void this.renew(), lookMs)
    this.looking.unref()
  }

  private async takeOver(): Promise<void> {
    const { host, tls, mount } = this.options
    const app = tls === undefined ? App() : SSLApp({ cert_file_name: tls.cert, key_file_name: tls.key })
    mount(app)
    const before = this.listening
    const begin = tls === undefined ? listen : before === undefined ? listenForTakeover : takeOver
    try {
      this.listening = await begin(app, host, this.port)
    } catch (error) {
      app.close()
      throw error
    }
    before?.close()
    this.port = this.listening.port
    this.apps.push(app)
  }

  async renew(): Promise<void> {
    const { tls, onRenewed, onNotRenewed } = this.options
    if (tls === undefined || this.listening === undefined) return
    try {
      const found = readCertificate(tls)
      if (found.fingerprint === this.shown?.fingerprint) return
      await this.takeOver()
      this.shown = found
      this.refused = undefined
      onRenewed?.(found)
    } catch (error) {
      // Files are written one after the other: told once for each fault, looked at again.
      const { message } = error as Error
      if (message !== this.refused) onNotRenewed?.(error as Error)
      this.refused = message
    }
  }

  stopListening(): void {
    clearInterval(this.looking)
    this.listening?.close()
    this.listening = undefined
  }

  close(): void {
    this.stopListening()
    for (const app of this.apps.splice(0)) app.close()
  }
}
