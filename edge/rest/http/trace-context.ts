const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/** A W3C traceparent, or undefined when the header is missing or not one: then it is as if it were missing. */
export function traceOf(header: string | null): string | undefined {
  return header !== null && TRACEPARENT.test(header) ? header : undefined
}
