import type { Observation, ObservationOf } from '../history/observation.js'

/** What a history must hold to, each a file of its own; docs and reports use these names. */
export const CHECKS = [
  'acknowledged-is-read',
  'once',
  'one-order',
  'session-in-order',
  'causal-order',
  'reads-are-fresh',
  'receipts-rise',
  'nothing-invented',
  'stream-in-order',
  'sessions-stay',
  'settles',
] as const
export type CheckName = (typeof CHECKS)[number]

export interface Violation {
  readonly check: CheckName
  readonly what: string
  /** Lines of the history that prove it, the first of them first. */
  readonly lines: readonly number[]
}

/** Reports a violation with the lines that prove it. */
export type Report = (what: string, ...lines: readonly number[]) => void

/** Reads a history from its first line to its last, and remembers what it has to. */
export interface Check {
  see(observation: Observation, line: number): void
  /** The history is complete. */
  finish(): void
}

/** A value of a map, made when it is missing. */
export function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}

/** An observation that shows messages of a conversation. */
export type Showing = ObservationOf<'delivered' | 'page' | 'full-read' | 'streamed'>

export function shows(observation: Observation): observation is Showing {
  return 'messages' in observation
}
