/** How the process ends, for whoever starts it again. 74 and 78 are EX_IOERR and EX_CONFIG of sysexits.h. */
export const EXIT = {
  /** Stopped as asked. */
  stopped: 0,
  /** A broken invariant or an error that nobody expected. */
  fault: 1,
  /** The storage failed: a full disk, a failing sync, a damaged file. */
  storage: 74,
  /** The configuration is wrong. */
  configuration: 78,
} as const
