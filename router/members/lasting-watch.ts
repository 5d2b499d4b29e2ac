import type { EventEmitter } from 'node:events'

/** A watch of the library `consul`: it emits `change`, `error`, and `end` when it is given up. */
export interface Watch extends EventEmitter {
  end(): void
}

export interface LastingWatchOptions {
  readonly begin: () => Watch
  readonly onChange: (found: unknown) => void
  readonly onError: (error: Error) => void
  readonly backoffMsMin?: number
  readonly backoffMsMax?: number
}

const BACKOFF_MS_MIN = 200
const BACKOFF_MS_MAX = 5_000

/**
 * Watches until it is ended. The library ends a watch for good after one answer that it does not understand: a 400, or
 * one without an index, as a proxy gives while the agent behind it starts. Whoever followed would believe for ever what
 * it knew then. So such a watch is made again, and asks for everything anew.
 *
 * @returns how to end it.
 */
export function lastingWatch(options: LastingWatchOptions): () => void {
  const { begin, onChange, onError, backoffMsMin = BACKOFF_MS_MIN, backoffMsMax = BACKOFF_MS_MAX } = options
  let ended = false
  let backoffMs = backoffMsMin
  let again: NodeJS.Timeout | undefined
  let current: Watch

  function make(): void {
    current = begin()
    current.on('change', (found: unknown) => {
      backoffMs = backoffMsMin
      onChange(found)
    })
    current.on('error', onError)
    current.on('end', () => {
      if (ended) return
      again = setTimeout(make, backoffMs)
      backoffMs = Math.min(backoffMs * 2, backoffMsMax)
    })
  }

  make()
  return () => {
    ended = true
    clearTimeout(again)
    current.end()
  }
}
