import { startChat4All } from '../servers/chat4all.js'
import type { Placement } from '../servers/running-server.js'
import { type CrashResult, runCrash } from './crash.js'
import { inLoadProcess } from './in-load-process.js'
import type { ReconnectResult } from './reconnect.js'
import type { CrashSettings, ReconnectSettings } from './settings.js'

/** The scenarios that only our server goes through, each on a server of its own. */

type Progress = (text: string) => void

/** The reconnect scenario on a server of its own. */
export async function reconnectOnce(
  settings: ReconnectSettings,
  placement: Placement,
  progress: Progress,
): Promise<ReconnectResult> {
  progress(`reconnect: ${settings.clients} clients`)
  const server = await startChat4All({ processors: placement.server })
  try {
    return await inLoadProcess({ dialect: 'chat4all', target: server.target, settings }, placement.load)
  } finally {
    await server.stop()
  }
}

/** The crash scenario on a server of its own. */
export async function crashOnce(settings: CrashSettings, progress: Progress, logFile?: string): Promise<CrashResult> {
  progress(`crash: ${settings.kills} kills`)
  const server = await startChat4All({ processors: undefined, ...(logFile !== undefined && { logFile }) })
  try {
    return await runCrash(server, settings)
  } finally {
    await server.stop()
  }
}
