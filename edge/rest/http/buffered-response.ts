type Readers = 'body' | 'text' | 'json' | 'arrayBuffer' | 'blob' | 'clone'
/** Status and headers of the platform's Response; how the body is read is ours. */
const BodylessResponse = Response as new (body: null, init: ResponseInit) => Omit<Response, Readers>

/**
 * A Response that keeps its body as the text that it was made of, so that the adapter can hand it on without the
 * stream that the platform would make and read again (docs/decisions/0022-hono-on-uws.md).
 */
export class BufferedResponse extends BodylessResponse implements Pick<Response, Readers> {
  readonly bodyText: string

  constructor(bodyText: string, init: ResponseInit) {
    super(null, init)
    this.bodyText = bodyText
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    return this.platformResponse().body
  }

  async text(): Promise<string> {
    return this.bodyText
  }

  async json(): Promise<unknown> {
    return JSON.parse(this.bodyText)
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.platformResponse().arrayBuffer()
  }

  blob(): Promise<Blob> {
    return this.platformResponse().blob()
  }

  clone(): Response {
    return this.platformResponse()
  }

  private platformResponse(): Response {
    const { status, statusText, headers } = this
    // Statuses without a body take none, not even an empty one.
    return new Response(this.bodyText === '' ? null : this.bodyText, { status, statusText, headers })
  }
}
