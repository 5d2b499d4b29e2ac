/** Bounds of the REST API. */
export interface RestLimits {
  /** The largest valid request: 500 members, or a text of which every character is escaped. */
  readonly bodyBytesMax: number
  readonly bodyMsMax: number
  /** Requests of one user token; 0: no bound. */
  readonly userRequestsPerSecond: number
  readonly userRequestsBurst: number
  /** Requests of all service tokens of one app; 0: no bound. */
  readonly serviceRequestsPerSecond: number
  readonly serviceRequestsBurst: number
}

export const REST_LIMITS: RestLimits = {
  bodyBytesMax: 256 * 1024,
  bodyMsMax: 8_000,
  userRequestsPerSecond: 50,
  userRequestsBurst: 100,
  serviceRequestsPerSecond: 0,
  serviceRequestsBurst: 0,
}
