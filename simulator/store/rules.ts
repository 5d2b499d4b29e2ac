/** Rules of the design that a driver or an adapter keeps: switches of the simulated one. */
export interface StoreRules {
  /** A seal check is made at all. */
  readonly checkSeal: boolean
  /** A seal check asks a quorum. */
  readonly checkAtQuorum: boolean
  /** A seal check is never answered from a cache. */
  readonly freshCheck: boolean
  /** Sealing is done when a quorum has it. */
  readonly sealAtQuorum: boolean
  /** A recoverer writes back what it read. */
  readonly writeBack: boolean
  /** The end of a log is decided by compare-and-set. */
  readonly decideEndOnce: boolean
}

export const ALL_STORE_RULES: StoreRules = {
  checkSeal: true,
  checkAtQuorum: true,
  freshCheck: true,
  sealAtQuorum: true,
  writeBack: true,
  decideEndOnce: true,
}
