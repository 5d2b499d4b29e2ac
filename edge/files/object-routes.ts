import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js'
import { STATUS_CODES } from 'node:http'
import { type EmbeddedObjects, NoSuchUploadError, OBJECTS_PATH, PartBusyError } from '@chat4all/storage'
import { rangeOf } from './byte-range.js'
import { receivePart } from './receive-part.js'
import { sendBytes } from './send-bytes.js'

export interface ObjectRoutesOptions {
  /** Web pages of these origins may put parts and get files. None unless given; pages of this server always may. */
  readonly corsOrigins?: readonly string[]
  /** Told of faults that are ours: the disk, most often. */
  readonly onFault: (error: unknown) => void
}

/** Whatever a file holds, a browser that opens it runs nothing of it in our name. */
const HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
  'cross-origin-resource-policy': 'same-site',
  'referrer-policy': 'no-referrer',
  'cache-control': 'private, max-age=86400, immutable',
  'accept-ranges': 'bytes',
}

/** Answers the presigned addresses of the embedded object store on the edge's own port. */
export function mountObjects(app: TemplatedApp, objects: EmbeddedObjects, options: ObjectRoutesOptions): void {
  const pattern = `${OBJECTS_PATH}*`
  const routes = new ObjectRoutes(objects, options)
  app
    .put(pattern, (res, req) => void routes.put(res, req))
    .get(pattern, (res, req) => void routes.get(res, req))
    .options(pattern, (res, req) => routes.preflight(res, req))
}

class ObjectRoutes {
  private readonly objects: EmbeddedObjects
  private readonly onFault: (error: unknown) => void
  private readonly origins: ReadonlySet<string>

  constructor(objects: EmbeddedObjects, { corsOrigins = [], onFault }: ObjectRoutesOptions) {
    this.objects = objects
    this.onFault = onFault
    this.origins = new Set(corsOrigins)
  }

  async put(res: HttpResponse, req: HttpRequest): Promise<void> {
    const exchange = new Exchange(res, this.corsHeaders(req))
    const part = this.objects.receive(req.getUrl(), req.getQuery() ?? '')
    if (part === undefined) return exchange.answer(403)
    const length = req.getHeader('content-length')
    // Refused before the bytes come, and the connection with it: they would come all the same.
    if (length !== '' && Number(length) !== part.bytes) return exchange.answer(400, { connection: 'close' })
    const received = await receivePart(res, part)
    if (received === 'gone') return
    if (received === 'stored') return exchange.answer(200)
    exchange.answer(this.statusOf(received.error), { connection: 'close' })
  }

  async get(res: HttpResponse, req: HttpRequest): Promise<void> {
    const exchange = new Exchange(res, this.corsHeaders(req))
    const range = req.getHeader('range')
    const served = this.objects.serve(req.getUrl(), req.getQuery() ?? '')
    exchange.watch()
    if (served === undefined) return exchange.answer(403)
    try {
      const object = await served.open()
      if (object === undefined) return exchange.answer(404)
      try {
        const asked = rangeOf(range, object.bytes)
        if (asked === 'unsatisfiable') return exchange.answer(416, { 'content-range': `bytes */${object.bytes}` })
        const { from, to } = asked === 'whole' ? { from: 0, to: object.bytes } : asked
        exchange.head(asked === 'whole' ? 200 : 206, {
          ...HEADERS,
          'content-type': served.contentType,
          'content-disposition': served.contentDisposition,
          ...(asked !== 'whole' && { 'content-range': `bytes ${from}-${to - 1}/${object.bytes}` }),
        })
        await sendBytes(
          res,
          object,
          { from, to },
          () => exchange.gone,
          (listener) => exchange.onGone(listener),
        )
      } finally {
        await object.close()
      }
    } catch (error) {
      this.onFault(error)
      exchange.cut()
    }
  }

  preflight(res: HttpResponse, req: HttpRequest): void {
    const cors = this.corsHeaders(req)
    const allowed = Object.keys(cors).length > 0
    new Exchange(res, cors).answer(204, {
      ...(allowed && {
        'access-control-allow-methods': 'GET, PUT',
        'access-control-allow-headers': 'content-type, range',
        'access-control-max-age': '600',
      }),
    })
  }

  private corsHeaders(req: HttpRequest): Readonly<Record<string, string>> {
    const origin = req.getHeader('origin')
    if (!this.origins.has(origin) && !this.origins.has('*')) return {}
    return {
      'access-control-allow-origin': this.origins.has('*') ? '*' : origin,
      'access-control-expose-headers': 'content-range',
      vary: 'origin',
    }
  }

  private statusOf(error: Error): number {
    if (error instanceof NoSuchUploadError) return 404
    if (error instanceof PartBusyError) return 409
    if (error instanceof RangeError) return 400
    this.onFault(error)
    return (error as NodeJS.ErrnoException).code === 'ENOSPC' ? 507 : 500
  }
}

/** One request's answer: never touched after the connection is gone. */
class Exchange {
  private readonly res: HttpResponse
  private readonly cors: Readonly<Record<string, string>>
  private readonly listeners: (() => void)[] = []
  private begun = false
  gone = false

  constructor(res: HttpResponse, cors: Readonly<Record<string, string>>) {
    this.res = res
    this.cors = cors
  }

  /** For answers that come later than this turn, where nobody else listens. */
  watch(): void {
    this.res.onAborted(() => {
      this.gone = true
      for (const listener of this.listeners) listener()
    })
  }

  onGone(listener: () => void): void {
    this.listeners.push(listener)
  }

  head(status: number, headers: Readonly<Record<string, string>>): void {
    if (this.gone) return
    this.begun = true
    this.res.cork(() => {
      this.res.writeStatus(`${status} ${STATUS_CODES[status]}`)
      for (const [name, value] of Object.entries({ ...headers, ...this.cors })) this.res.writeHeader(name, value)
    })
  }

  answer(status: number, headers: Readonly<Record<string, string>> = {}): void {
    if (this.gone) return
    const { connection, ...rest } = headers
    this.res.cork(() => {
      this.head(status, { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...rest })
      this.res.end(undefined, connection === 'close')
    })
    this.gone = true
  }

  /** After a fault: an answer if none has begun, else an end that shows. */
  cut(): void {
    if (this.gone) return
    if (!this.begun) return this.answer(500)
    this.gone = true
    this.res.close()
  }
}
