/** A store that sends nothing for so long has gone. */
export const SILENCE_MS_MAX = 20_000

/** Bytes from `start` up to `end`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** Puts chunks behind each other from `offset` on. What they lie in is used again once that is done. */
export type Store = (chunks: readonly Buffer[], offset: number) => Promise<void>

/** The store did not give what was asked for; asked again, it may. */
export class StoreFault extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'StoreFault'
  }
}
