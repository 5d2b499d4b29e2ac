import type { HttpRequest, HttpResponse } from 'uWebSockets.js'
import { STATUS_CODES } from 'node:http'
import { Chat4AllError } from '@chat4all/protocol'
import { BufferedRequest } from './buffered-request.js'
import { BufferedResponse } from './buffered-response.js'
import { remoteAddressText } from './remote-address.js'
import { StreamedResponse } from './streamed-response.js'
import { UwsSink } from './uws-sink.js'

/**
 * A fetch handler (Request → Response) on uWebSockets.js, for bodies that fit in memory. It owns the rules of that
 * library that crash the process when broken: a request is read only before its handler returns, a response is
 * touched only until it ended or was aborted, a chunk is copied before its callback returns.
 */

export interface Peer {
  readonly remoteAddress: string
}

export type FetchHandler = (request: Request, peer: Peer) => Response | Promise<Response>

export interface HttpOnUwsOptions {
  readonly bodyBytesMax: number
  /** From the end of the headers until the body must be whole. */
  readonly bodyMsMax: number
  /**
   * The answer to what never reaches the handler: a body too large or too slow, or (INTERNAL) a handler that threw.
   * `origin`: the header of that name, empty when there is none.
   */
  readonly refuse: (fault: Chat4AllError, origin: string) => Response
  /** Told when a handler threw: a bug. */
  readonly onFault: (error: unknown) => void
}

export function httpOnUws(
  handler: FetchHandler,
  options: HttpOnUwsOptions,
): (res: HttpResponse, req: HttpRequest) => void {
  return (res, req) => {
    const exchange = new Exchange(res, handler, options)
    exchange.begin(req)
  }
}

// What a client names as its host decides nothing: links in answers are relative.
const ORIGIN = 'http://localhost'
/** uWebSockets writes these itself, or they belong to one connection only. */
const HEADERS_NOT_PASSED_ON = new Set(['content-length', 'transfer-encoding', 'connection', 'keep-alive'])

class Exchange {
  private readonly res: HttpResponse
  private readonly handler: FetchHandler
  private readonly options: HttpOnUwsOptions
  private method = ''
  private url = ''
  private readonly headers: [string, string][] = []
  private peer: Peer | undefined
  private chunks: Uint8Array<ArrayBuffer>[] = []
  private bytes = 0
  private timer: NodeJS.Timeout | undefined
  /** An answer is on its way though the body is not whole. */
  private refused = false
  /** Aborted or answered: `res` must not be touched any more. */
  private over = false
  private sink: UwsSink | undefined

  constructor(res: HttpResponse, handler: FetchHandler, options: HttpOnUwsOptions) {
    this.res = res
    this.handler = handler
    this.options = options
  }

  /** Reads all that is needed of `req`, which is gone when this returns. */
  begin(req: HttpRequest): void {
    this.res.onAborted(() => {
      this.end()
      this.sink?.aborted()
    })
    this.method = req.getMethod().toUpperCase()
    // Typed as a string always; without a query it is undefined now and then.
    const query = req.getQuery() as string | undefined
    this.url = ORIGIN + req.getUrl() + (query ? `?${query}` : '')
    req.forEach((name, value) => {
      this.headers.push([name, value])
    })
    const address = this.res.getRemoteAddress()
    this.peer = {
      get remoteAddress() {
        return remoteAddressText(address)
      },
    }

    const length = req.getHeader('content-length')
    if (this.method === 'GET' || this.method === 'HEAD' || (length === '' && !this.isChunked(req))) this.dispatch()
    else if (Number(length) > this.options.bodyBytesMax) this.refuseBody('FRAME_TOO_LARGE')
    else this.collect()
  }

  private isChunked(req: HttpRequest): boolean {
    return req.getHeader('transfer-encoding') !== ''
  }

  private collect(): void {
    this.timer = setTimeout(() => this.refuseBody('IDLE_TIMEOUT'), this.options.bodyMsMax)
    this.res.onData((chunk, isLast) => {
      if (this.over || this.refused) return
      this.bytes += chunk.byteLength
      if (this.bytes > this.options.bodyBytesMax) return this.refuseBody('FRAME_TOO_LARGE')
      // A copy: the memory of the chunk is taken back when this returns.
      if (chunk.byteLength > 0) this.chunks.push(new Uint8Array(chunk.slice(0)))
      if (isLast) this.dispatch()
    })
  }

  private dispatch(): void {
    clearTimeout(this.timer)
    const body = this.chunks.length === 1 ? this.chunks[0]! : Buffer.concat(this.chunks, this.bytes)
    const request = new BufferedRequest(this.method, this.url, this.headers, body) as unknown as Request
    void this.answer(request)
  }

  private async answer(request: Request): Promise<void> {
    let response: Response
    let body: Body
    try {
      response = await this.handler(request, this.peer!)
      if (response instanceof StreamedResponse && this.method !== 'HEAD') return this.stream(response)
      body = await bodyOf(response)
    } catch (error) {
      this.options.onFault(error)
      response = this.refusal(new Chat4AllError('INTERNAL'))
      body = await bodyOf(response)
    }
    this.send(response, body, false)
  }

  /** The rest of the body may still be on its way: the connection ends with the answer. */
  private refuseBody(code: 'FRAME_TOO_LARGE' | 'IDLE_TIMEOUT'): void {
    if (this.refused || this.over) return
    this.refused = true
    this.chunks = []
    clearTimeout(this.timer)
    const { bodyBytesMax, bodyMsMax } = this.options
    const detail =
      code === 'FRAME_TOO_LARGE'
        ? `The body is larger than ${bodyBytesMax} bytes.`
        : `The body was not whole after ${bodyMsMax} ms.`
    const response = this.refusal(new Chat4AllError(code, detail))
    void bodyOf(response).then((body) => this.send(response, body, true))
  }

  private refusal(fault: Chat4AllError): Response {
    const [, origin = ''] = this.headers.find(([name]) => name === 'origin') ?? []
    return this.options.refuse(fault, origin)
  }

  /** From here on the sink has `res`. */
  private stream(response: StreamedResponse): void {
    if (this.over) return
    this.end()
    this.res.cork(() => this.writeHead(response))
    this.sink = new UwsSink(this.res)
    this.sink.attach(response.start(this.sink))
  }

  private writeHead(response: Response): void {
    const { status } = response
    this.res.writeStatus(`${status} ${STATUS_CODES[status] ?? ''}`)
    response.headers.forEach((value, name) => {
      const isOurs = !HEADERS_NOT_PASSED_ON.has(name) || (name === 'content-length' && this.method === 'HEAD')
      if (isOurs) this.res.writeHeader(name, value)
    })
  }

  private send(response: Response, body: Body, closes: boolean): void {
    if (this.over) return
    this.end()
    this.res.cork(() => {
      const { status } = response
      const isBodyless = this.method === 'HEAD' || status === 204 || status === 304
      this.writeHead(response)
      // Without arguments: given a length, uWebSockets waits for that many bytes and then ends the connection.
      if (isBodyless) this.res.endWithoutBody()
      else this.res.end(body, closes)
    })
  }

  private end(): void {
    this.over = true
    clearTimeout(this.timer)
    this.chunks = []
  }
}

type Body = string | ArrayBuffer

async function bodyOf(response: Response): Promise<Body> {
  if (response instanceof BufferedResponse) return response.bodyText
  return response.body === null ? '' : await response.arrayBuffer()
}
