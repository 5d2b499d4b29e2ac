import { readFileSync } from 'node:fs'

/**
 * Which process a pid meant when it was written down. A pid is given out again after its process has ended, so a file
 * with a pid alone would one day make us stop a stranger; the time at which a process started makes it unique.
 */

/** A pid and the start of its process, as one line to keep in a file; undefined when there is no such process. */
export function identityOf(pid: number): string | undefined {
  const started = stat(pid)?.started
  return started === undefined ? undefined : `${pid} ${started}`
}

/** The pid of an identity whose process still lives. */
export function livingPid(identity: string): number | undefined {
  const pid = Number(identity.split(' ')[0])
  return Number.isInteger(pid) && pid > 0 && identityOf(pid) === identity.trim() ? pid : undefined
}

/** Whether a process was stopped by a signal, and waits for SIGCONT. */
export function isPaused(pid: number): boolean {
  return stat(pid)?.state === 'T'
}

/** How long ago a process started. */
export function uptimeMs(pid: number): number | undefined {
  const started = stat(pid)?.started
  if (started === undefined) return undefined
  const upSeconds = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0])
  return upSeconds * 1000 - Number(started) * 10
}

/** The memory of a process that is really in RAM. */
export function residentBytes(pid: number): number | undefined {
  try {
    const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return line === null ? undefined : Number(line[1]) * 1024
  } catch {
    return undefined
  }
}

/** The two fields of /proc/PID/stat that we need; a process that has ended but was not reaped has no start. */
function stat(pid: number): { readonly state: string; readonly started: string } | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return undefined
  }
}

/** Reads a line of /proc/PID/stat; the name in it may hold spaces and parentheses. */
export function parseStat(line: string): { readonly state: string; readonly started: string } | undefined {
  const fields = line.slice(line.lastIndexOf(') ') + 2).split(' ')
  const [state = 'Z'] = fields
  const started = fields[19]
  return state === 'Z' || state === 'X' || started === undefined ? undefined : { state, started }
}
