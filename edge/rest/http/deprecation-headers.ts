/** An endpoint that another takes the place of. docs/versions.md says what clients may rely on. */
export interface Deprecation {
  /** Day from which it is not to be used in anything new: `2027-01-31`. */
  readonly since: string
  /** Day on which it ends, at the earliest a year later. */
  readonly sunset: string
  /** The path that takes its place. */
  readonly successor: `/${string}`
}

/** Puts Deprecation (RFC 9745), Sunset (RFC 8594) and a link to what comes after (RFC 5829) on an answer. */
export function setDeprecationHeaders(headers: Headers, { since, sunset, successor }: Deprecation): void {
  headers.set('deprecation', `@${Date.parse(since) / 1000}`)
  headers.set('sunset', new Date(sunset).toUTCString())
  // A page of a list has links of its own.
  headers.append('link', `<${successor}>; rel="successor-version"`)
}
