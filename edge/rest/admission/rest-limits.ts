/** Bounds of the REST API. */
export interface RestLimits {
  /** The largest valid request: 500 members, or a text of which every character is escaped. */
  readonly bodyBytesMax: number
  readonly bodyMsMax: number
  /** Requests per second of one client address, whoever it speaks for; 0: no bound. */
  readonly addressRequestsPerSecond: number
  /** Requests per second of one user, over all its tokens; 0: no bound. */
  readonly userRequestsPerSecond: number
  /** Requests per second of one app: of its services and of all its users; 0: no bound. */
  readonly appRequestsPerSecond: number
}

export const REST_LIMITS: RestLimits = {
  bodyBytesMax: 256 * 1024,
  bodyMsMax: 8_000,
  // An office behind one address is many users; an attack is more than that.
  addressRequestsPerSecond: 1_000,
  userRequestsPerSecond: 50,
  appRequestsPerSecond: 0,
}
