/** What `status` says of an engine. */
export interface EngineStatus {
  readonly name: string
  readonly version: string
  readonly isInstalled: boolean
  /** Why it cannot be had here; empty when it can. */
  readonly missing: readonly string[]
  readonly processes: readonly ProcessStatus[]
}

export interface ProcessStatus {
  readonly name: string
  readonly state: 'answers' | 'does not answer' | 'paused' | 'stopped'
  readonly pid?: number
  readonly endpoint: string
  readonly uptimeMs?: number
  readonly residentBytes?: number
}

/** One line for each engine, and under it one for each process that was started. */
export function statusLines(engines: readonly EngineStatus[]): string[] {
  return engines.flatMap(({ name, version, isInstalled, missing, processes }) => {
    const answering = processes.filter(({ state }) => state === 'answers').length
    const running = processes.filter(({ state }) => state !== 'stopped').length
    const summary =
      running > 0
        ? `${answering} of ${processes.length} ${processes.length === 1 ? 'process answers' : 'processes answer'}`
        : isInstalled
          ? 'stopped'
          : missing.length > 0
            ? `cannot be installed: ${missing.join('; ')}`
            : 'not installed'
    const head = `${`${name} ${version}`.padEnd(22)} ${summary}`
    return running > 0 ? [head, ...processes.map(processLine)] : [head]
  })
}

function processLine({ name, state, pid, endpoint, uptimeMs, residentBytes }: ProcessStatus): string {
  const cells = [`  ${name}`.padEnd(22), endpoint.padEnd(24), state.padEnd(15)]
  if (pid !== undefined) cells.push(`pid ${pid}`.padEnd(11))
  if (uptimeMs !== undefined) cells.push(`up ${duration(uptimeMs)}`.padEnd(12))
  if (residentBytes !== undefined) cells.push(`${Math.round(residentBytes / 1_000_000)} MB`)
  return cells.join(' ').trimEnd()
}

/** A time as people say it: `42 s`, `2 min 5 s`, `51 min`, `3 h 20 min`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
