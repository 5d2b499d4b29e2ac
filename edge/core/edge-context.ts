import type { Millis } from '@chat4all/protocol'
import type { EdgeConfig } from './config.js'
import type { Enumerations } from './enumerations.js'
import type { Feeds } from './feeds.js'
import type { LocalUser } from './local-user.js'
import type { Pipelines } from './pipelines.js'
import type { RangeReads } from './range-reads.js'
import type { EdgeRules } from './rules.js'
import type { EdgeEvents, EdgeWorld } from './world.js'

/** What the machines of one edge share. */
export interface EdgeContext {
  readonly config: EdgeConfig
  readonly rules: EdgeRules
  readonly world: EdgeWorld
  readonly events: EdgeEvents
  readonly pipelines: Pipelines
  readonly ranges: RangeReads
  readonly feeds: Feeds
  readonly enumerations: Enumerations
  /** The time of the event that is being handled. */
  readonly now: Millis
  /** A list of the user's conversations may have missed some: it is asked for again, soon. */
  reconcile(user: LocalUser): void
}
