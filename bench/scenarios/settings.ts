import type { DialectOptions } from '../load/dialect.js'
import type { Pacing } from '../load/open-loop.js'

/** What a scenario is to do; every number of a run is here and goes into its result. */

export interface PairsSettings extends DialectOptions {
  readonly scenario: 'pairs'
  readonly conversations: number
  readonly inFlight: number
  readonly textBytes: number
  readonly warmupMs: number
  readonly measureMs: number
}

export interface OpenSettings extends DialectOptions {
  readonly scenario: 'open'
  readonly conversations: number
  readonly messagesPerSecond: number
  /** `spin` unless said otherwise. */
  readonly pacing?: Pacing
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

export interface ReconnectSettings {
  readonly scenario: 'reconnect'
  readonly clients: number
  readonly groups: number
  /** Messages posted to each group while all are away. */
  readonly missedEach: number
  /** Connections opened at a time. */
  readonly atOnce: number
}

/** Load without a fixed end, measured window by window while something is done to the server. */
export interface WindowsSettings {
  readonly scenario: 'windows'
  readonly conversations: number
  /** As fast as it goes with so many in flight each, or at a fixed rate. */
  readonly pace: { readonly inFlight: number } | { readonly messagesPerSecond: number }
  readonly textBytes: number
  readonly warmupMs: number
  readonly windowMs: number
}

/** Runs on any server, so that they can be compared. */
export type ComparedSettings = PairsSettings | OpenSettings | GroupSettings | IdleSettings
export type LoadSettings = ComparedSettings | ReconnectSettings | WindowsSettings

export interface CrashSettings {
  readonly pairs: number
  readonly inFlight: number
  readonly textBytes: number
  readonly kills: number
  /** How long the load runs before each kill, and after the last. */
  readonly loadMs: number
  /** How long everything may take to come back and to settle; a minute unless said otherwise. */
  readonly settleMsMax?: number
}
