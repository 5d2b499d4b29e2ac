import { runIdle } from '../scenarios/idle.js'
import { runGroup, runOpen, runPairs } from '../scenarios/message-scenarios.js'
import { runReconnect } from '../scenarios/reconnect.js'
import type { LoadSettings } from '../scenarios/settings.js'
import { runWindows } from '../scenarios/windows.js'
import { deferred } from './deferred.js'
import type { Target } from './dialect.js'
import { type DialectName, dialectOf } from './dialects/dialect-of.js'

/**
 * The generator's process: so that its CPU time is its own and it has a core of its own. It is given one job by its
 * parent, answers with the result, and ends.
 */

export interface LoadJob {
  readonly dialect: DialectName
  readonly target: Target
  readonly settings: LoadSettings
}

export type LoadAnswer = { readonly result: unknown } | { readonly failure: string }

/** What the parent says to end a load that has no end of its own. */
export const STOP = 'stop'

/** What the parent is told when such a load is under way. */
export const BEGAN = 'began'

const stopped = deferred()

function run({ dialect, target, settings }: LoadJob): Promise<unknown> {
  if (settings.scenario === 'reconnect') return runReconnect(target, settings)
  const spoken = dialectOf(dialect, target, 'receipts' in settings ? settings : {})
  switch (settings.scenario) {
    case 'pairs':
      return runPairs(spoken, target, settings)
    case 'open':
      return runOpen(spoken, target, settings)
    case 'group':
      return runGroup(spoken, target, settings)
    case 'idle':
      return runIdle(spoken, target, settings)
    case 'windows':
      return runWindows(spoken, target, settings, () => process.send!(BEGAN), stopped.promise)
  }
}

process.on('message', (said: LoadJob | typeof STOP) => {
  if (said === STOP) return stopped.resolve()
  const job = said
  run(job)
    .then(
      (result): LoadAnswer => ({ result }),
      (error: Error): LoadAnswer => ({ failure: error.stack ?? error.message }),
    )
    .then((answer) => process.send!(answer, () => process.exit(0)))
})
