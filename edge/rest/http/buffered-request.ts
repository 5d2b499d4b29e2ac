const decoder = new TextDecoder()

/**
 * As much of the fetch API's Request as our routes and Hono read, over a body that is whole already. The platform's own
 * costs more than all the rest of a small request: it makes a stream and a signal that nobody looks at
 * (docs/decisions/0022-hono-on-uws.md). `clone` gives the real one to code that needs it.
 */
export class BufferedRequest
  implements Pick<Request, 'method' | 'url' | 'headers' | 'text' | 'json' | 'arrayBuffer' | 'clone'>
{
  readonly method: string
  readonly url: string
  private readonly bytes: Uint8Array<ArrayBuffer>
  private readonly headerPairs: [string, string][]
  private headersMade: Headers | undefined

  constructor(method: string, url: string, headers: [string, string][], body: Uint8Array<ArrayBuffer>) {
    this.method = method
    this.url = url
    this.headerPairs = headers
    this.bytes = body
  }

  get headers(): Headers {
    this.headersMade ??= headersOf(this.headerPairs)
    return this.headersMade
  }

  async text(): Promise<string> {
    return decoder.decode(this.bytes)
  }

  async json(): Promise<unknown> {
    return JSON.parse(decoder.decode(this.bytes))
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return this.bytes.slice().buffer
  }

  clone(): Request {
    const { method, url, headers } = this
    const hasBody = method !== 'GET' && method !== 'HEAD'
    return new Request(url, { method, headers, ...(hasBody && { body: this.bytes }) })
  }
}

/** What the platform would throw on (a name or value that no header may have) is left out: it meant nothing to us. */
function headersOf(pairs: [string, string][]): Headers {
  try {
    return new Headers(pairs)
  } catch {
    const headers = new Headers()
    for (const [name, value] of pairs) {
      try {
        headers.append(name, value)
      } catch {
        // Not a header.
      }
    }
    return headers
  }
}
