/** Rules of the design that a client keeps: switches of the simulated one. */
export interface ClientRules {
  /** A message says how far its client had seen when it was sent first, however often it is sent. */
  readonly firstSeen: boolean
}

export const ALL_CLIENT_RULES: ClientRules = {
  firstSeen: true,
}
