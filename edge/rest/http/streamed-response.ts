/** Where a stream is written to. */
export interface ResponseSink {
  /** Bytes that the client's machine has not taken yet, as far as that is known. */
  readonly bufferedBytes: number
  write(text: string): void
  end(): void
}

/** What writes a stream. Neither is called from within a call of the sink. */
export interface ResponseSource {
  /** The client took what waited. */
  drained(): void
  /** The connection is gone, or the stream was ended: the sink must not be touched any more. */
  closed(): void
}

const BodylessResponse = Response as new (body: null, init: ResponseInit) => Response

/** A Response whose body comes piece by piece, for as long as the client is there. */
export class StreamedResponse extends BodylessResponse {
  readonly start: (sink: ResponseSink) => ResponseSource

  constructor(init: ResponseInit, start: (sink: ResponseSink) => ResponseSource) {
    super(null, init)
    this.start = start
  }
}
