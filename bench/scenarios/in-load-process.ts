import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { deferred } from '../load/deferred.js'
import type { BEGAN, LoadAnswer, LoadJob, STOP } from '../load/load-process.js'
import { placed } from '../servers/running-server.js'
import type { IdleResult } from './idle.js'
import type { MessageResult } from './message-scenarios.js'
import type { ReconnectResult } from './reconnect.js'
import type { IdleSettings, LoadSettings, ReconnectSettings, WindowsSettings } from './settings.js'
import type { WindowsResult } from './windows.js'

const LOAD_PROCESS = fileURLToPath(new URL('../load/load-process.js', import.meta.url))

export type ResultOf<S extends LoadSettings> = S extends IdleSettings
  ? IdleResult
  : S extends ReconnectSettings
    ? ReconnectResult
    : S extends WindowsSettings
      ? WindowsResult
      : MessageResult

export interface RunningLoad<S extends LoadSettings> {
  readonly result: Promise<ResultOf<S>>
  /** A load that has no end of its own is under way. */
  readonly began: Promise<void>
  /** Ends a load that has no end of its own. */
  stop(): void
}

/** Runs one job in a generator process of its own, on the processors given. */
export function inLoadProcess<S extends LoadSettings>(
  job: LoadJob & { readonly settings: S },
  processors: string | undefined,
): Promise<ResultOf<S>> {
  return startLoad(job, processors).result
}

/** Starts one job in a generator process of its own. */
export function startLoad<S extends LoadSettings>(
  job: LoadJob & { readonly settings: S },
  processors: string | undefined,
): RunningLoad<S> {
  const [command, args] = placed(processors, process.execPath, ['--max-semi-space-size=64', LOAD_PROCESS])
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const killNow = (): void => void child.kill('SIGKILL')
  process.once('exit', killNow)
  const begun = deferred()
  const result = new Promise<ResultOf<S>>((resolve, reject) => {
    child.on('message', (answer: LoadAnswer | typeof BEGAN) => {
      if (answer === 'began') begun.resolve()
      else if ('failure' in answer) reject(new Error(answer.failure))
      else resolve(answer.result as ResultOf<S>)
    })
    child.once('error', reject)
    child.once('exit', (code, signal) => reject(new Error(`the generator ended with ${signal ?? code}`)))
    child.send(job)
  }).finally(() => process.removeListener('exit', killNow))
  // Whoever waits for the beginning does not wait for a load that ended without one.
  result.then(
    () => begun.resolve(),
    () => begun.resolve(),
  )
  const stop: typeof STOP = 'stop'
  return { result, began: begun.promise, stop: () => void child.send(stop) }
}
