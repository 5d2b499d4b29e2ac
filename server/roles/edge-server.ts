import type { TemplatedApp } from 'uWebSockets.js'
import {
  clientAddressBehind,
  createAuthenticator,
  createRest,
  type Edge,
  edgeEvents,
  mountRest,
  SendLimits,
  startEdge,
} from '@chat4all/edge'
import type { EdgeId } from '@chat4all/protocol'
import type { LinkDialer, Members } from '@chat4all/router'
import type { DirectoryStore, Presence, RateLimits, Records } from '@chat4all/storage'
import type { Config } from '../config/settings.js'
import { EdgeFiles } from '../files/edge-files.js'
import type { FileStores } from '../files/open-file-stores.js'
import type { CertificateFiles } from '../http/certificate-files.js'
import type { Unreadiness } from '../http/health-routes.js'
import { mountHealth } from '../http/health-routes.js'
import { mountMetrics } from '../http/metrics-route.js'
import { openPublicPort } from '../http/public-port.js'
import { mountRing } from '../http/ring-route.js'
import { mountWebFiles } from '../http/web-files.js'
import { restMetrics } from '../metrics.js'
import { type RingSources, ringViewer } from '../ring/ring-view.js'
import { webhookService } from '../webhooks/webhook-service.js'
import type { RoleContext } from './role.js'
import { webFolder } from './web-folder.js'

export interface EdgeParts {
  readonly edge: EdgeId
  readonly port: number
  readonly dialer: LinkDialer
  readonly members: Members
  readonly presence: Presence
  /** Where requests and sends are counted. */
  readonly rateLimits: RateLimits
  readonly directory: DirectoryStore
  readonly records: Records
  /** Undefined: no files are kept. */
  readonly fileStores: FileStores | undefined
  readonly tokenKey: Uint8Array
  /** Opens metrics and the ring to operators. */
  readonly operatorToken: string | undefined
  /** Where the ring is read; undefined: this edge cannot. */
  readonly ring: RingSources | undefined
  /** What else must be right before clients should come. */
  readonly unreadiness: Unreadiness
}

/** An edge that listens: sessions, REST, health, metrics and the web chat on one port. */
export interface EdgeServer {
  readonly url: string
  /** Sends the sessions away, then closes everything. */
  stop(): Promise<void>
  /** Tells the sessions that this ends now. */
  abandon(): void
}

export async function startEdgeServer(context: RoleContext, parts: EdgeParts): Promise<EdgeServer> {
  const { config, logger, registry } = context
  const { directory, tokenKey, rateLimits } = parts
  const browsers = {
    corsOrigins: config.corsOrigins ?? [],
    hstsSeconds: tlsFiles(config) === undefined ? 0 : config.hstsSeconds,
  }
  const authenticator = createAuthenticator({
    directory,
    key: tokenKey,
    serviceTokenSeconds: config.tokenSeconds,
    userTokenSeconds: config.tokenSeconds,
  })
  const files =
    parts.fileStores && new EdgeFiles(context, parts.edge, parts.records, parts.fileStores, () => edge.requests)
  const edge: Edge = startEdge({
    ...parts,
    ...(files && { mayPostFile: files.mayPost }),
    sendLimits: new SendLimits({
      counters: rateLimits,
      directory,
      userPerSecond: config.userSendsPerSecond,
      appPerSecond: config.appSendsPerSecond,
    }),
    authenticator,
    events: edgeEvents(parts.edge, logger, registry),
    config: {
      framesPerSecond: config.framesPerSecond,
      framesBurst: 2 * config.framesPerSecond,
      socketBytesMax: config.slowConsumerBytes,
      drainMs: config.drainMs,
    },
  })
  const restLogger = logger.child({ role: 'edge', edge: parts.edge })
  const stopping = new AbortController()
  const rest = createRest({
    requests: edge.requests,
    authenticator,
    directory,
    records: parts.records,
    sessions: edge.opensSessions,
    rateLimits,
    limits: {
      addressRequestsPerSecond: config.addressRequestsPerSecond,
      userRequestsPerSecond: config.userRequestsPerSecond,
      appRequestsPerSecond: config.appRequestsPerSecond,
    },
    clientAddress: clientAddressBehind(config.trustedProxies ?? []),
    ...browsers,
    ...(config.adminToken !== undefined && { adminToken: config.adminToken }),
    ...(files && { files: files.service }),
    webhooks: webhookService(config, parts.records),
    logger: restLogger,
    stopped: stopping.signal,
    onAnswer: restMetrics(registry),
  })
  const ring = parts.ring && ringViewer(parts.members, parts.ring)
  let draining = false
  const folder = webFolder(config)
  const mount = (app: TemplatedApp): void => {
    edge.attach(app)
    files?.mount(app)
    mountRest(app, rest, { logger: restLogger, ...browsers })
    mountHealth(app, () => [...(draining ? ['draining'] : []), ...unlinked(edge), ...parts.unreadiness()])
    mountMetrics(app, registry, {
      token: parts.operatorToken,
      isServiceToken: (token) =>
        authenticator.verify(token).then(
          ({ user }) => user === undefined,
          () => false,
        ),
    })
    if (ring !== undefined) mountRing(app, ring.view, { token: parts.operatorToken })
    if (
      mountWebFiles(app, folder, {
        origins: parts.fileStores?.origins ?? [],
        hstsSeconds: browsers.hstsSeconds,
      }) === 0
    )
      logger.warn({ folder }, 'the web chat is not built: / answers 404')
  }
  const port = await openPublicPort({
    host: config.host,
    port: parts.port,
    tls: tlsFiles(config),
    mount,
    onRenewed: ({ subject, validTo }) =>
      restLogger.info({ subject, valid_to: validTo }, 'a renewed certificate is shown'),
    onNotRenewed: (error) =>
      restLogger.error({ err: error }, 'the certificate changed and is of no use; the one of before is still shown'),
  }).catch(async (error) => {
    stopping.abort()
    await files?.service.close()
    await edge.close()
    throw error
  })
  const renew = (): void => void port.renew()
  process.on('SIGHUP', renew)
  const close = async (): Promise<void> => {
    process.off('SIGHUP', renew)
    ring?.stop()
    stopping.abort()
    port.stopListening()
    await files?.service.close()
    await edge.close()
    port.close()
  }
  return {
    url: port.url,
    async stop() {
      draining = true
      // The port stays open meanwhile, so that whoever asks /readyz hears why no new session is taken.
      await edge.drain()
      await close()
    },
    abandon() {
      stopping.abort()
      void edge.close()
    },
  }
}

/** TLS where clients come, as the two settings together say. */
export function tlsFiles({ tlsCert: cert, tlsKey: key }: Config): CertificateFiles | undefined {
  return cert === undefined || key === undefined ? undefined : { cert, key }
}

function unlinked({ linked }: Edge): string[] {
  return linked > 0 ? [] : ['no shard-node is linked']
}
