import type { DialectName } from '../load/dialects/dialect-of.js'

/** What a scenario is to do; every number of a run is here and goes into its result. */

export interface PairsSettings {
  readonly scenario: 'pairs'
  readonly conversations: number
  readonly inFlight: number
  readonly textBytes: number
  readonly warmupMs: number
  readonly measureMs: number
}

export interface OpenSettings {
  readonly scenario: 'open'
  readonly conversations: number
  readonly messagesPerSecond: number
  readonly textBytes: number
  readonly warmupMs: number
  readonly measureMs: number
}

export interface GroupSettings {
  readonly scenario: 'group'
  readonly members: number
  readonly inFlight: number
  readonly textBytes: number
  readonly warmupMs: number
  readonly measureMs: number
}

export interface IdleSettings {
  readonly scenario: 'idle'
  readonly connections: number
  /** Each user is a member of one conversation (subscribed to one channel); else of none. */
  readonly joined: boolean
}

export type LoadSettings = PairsSettings | OpenSettings | GroupSettings | IdleSettings
export type { DialectName }
