import type { CrashResult } from '../scenarios/crash.js'
import type { IdleResult } from '../scenarios/idle.js'
import type { MessageResult } from '../scenarios/message-scenarios.js'
import type { ReconnectResult } from '../scenarios/reconnect.js'
import type { Placement } from '../servers/running-server.js'
import type { Circumstances } from './machine.js'
import type { ComparedStep, Plan } from './plans.js'

/** One run of `all`: what the raw file holds and the report is made of. */
export interface Run {
  readonly command: string
  readonly circumstances: Circumstances
  readonly placement: Placement
  readonly compared: readonly {
    readonly step: ComparedStep
    /** By server, in the order of the rounds. */
    readonly results: Readonly<Record<string, readonly (MessageResult | IdleResult)[]>>
  }[]
  readonly reconnect: { readonly step: NonNullable<Plan['reconnect']>; readonly result: ReconnectResult } | undefined
  readonly crash: { readonly step: Plan['crash']; readonly result: CrashResult } | undefined
}
