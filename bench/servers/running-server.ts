import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Target } from '../load/dialect.js'

/** Processes of servers under test: started by the benchmark, on cores of their own, and ended by it. */

export interface RunningServer {
  readonly target: Target
  /** Asks the server to end (SIGTERM) and waits for it. */
  stop(): Promise<void>
  /** Ends the server at once (SIGKILL) and waits until it is gone. */
  kill(): Promise<void>
}

/** Which processors the server and the generator may use; undefined: any. */
export interface Placement {
  readonly server: string | undefined
  readonly load: string | undefined
}

const hasTaskset = spawnSync('taskset', ['--version']).error === undefined

/** One core for the server, another for the generator, where the machine has two and taskset exists. */
export function defaultPlacement(cores: number): Placement {
  return hasTaskset && cores >= 2 ? { server: '0', load: '1' } : { server: undefined, load: undefined }
}

/** Puts `taskset` before a command, where it is to run on certain processors only. */
export function placed(processors: string | undefined, command: string, args: readonly string[]): [string, string[]] {
  return processors === undefined ? [command, [...args]] : ['taskset', ['-c', processors, command, ...args]]
}

const STOP_MS_MAX = 30_000

export interface Command {
  readonly command: string
  readonly args: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly processors: string | undefined
  readonly cwd?: string
  /** Where its output goes; without it only errors are shown. */
  readonly logFile?: string
}

export interface StartedProcess {
  readonly pid: number
  /** Resolves with the first line of output that `matches`; rejects when the process ends before. */
  line(matches: RegExp): Promise<RegExpExecArray>
  readonly ended: Promise<string>
  stop(): Promise<void>
  kill(): Promise<void>
}

/** Starts a server's process. */
export function startProcess(what: Command): StartedProcess {
  const [command, args] = placed(what.processors, what.command, what.args)
  const child: ChildProcess = spawn(command, args, {
    cwd: what.cwd,
    env: { ...process.env, ...what.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log = what.logFile === undefined ? undefined : createWriteStream(what.logFile, { flags: 'a' })
  const lastErrors: string[] = []
  const seen: string[] = []
  const watchers = new Set<(line: string) => void>()
  createInterface(child.stdout!).on('line', (line) => {
    log?.write(`${line}\n`)
    if (seen.length < 100) seen.push(line)
    for (const watcher of watchers) watcher(line)
  })
  createInterface(child.stderr!).on('line', (line) => {
    log?.write(`${line}\n`)
    lastErrors.push(line)
    if (lastErrors.length > 20) lastErrors.shift()
  })
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`cannot start ${what.command}: ${error.message}`))
    child.once('exit', (code, signal) =>
      resolve(
        `${what.command} ended with ${signal ?? code}${lastErrors.length > 0 ? `: ${lastErrors.join('\n')}` : ''}`,
      ),
    )
  })
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
    await ended
    clearTimeout(timer)
  }
  // A benchmark that is interrupted must not leave its servers running.
  const killNow = (): void => void child.kill('SIGKILL')
  process.once('exit', killNow)
  void ended.then(() => {
    process.removeListener('exit', killNow)
    log?.end()
  })
  return {
    pid: child.pid ?? 0,
    ended,
    line: (matches) =>
      new Promise((resolve, reject) => {
        const look = (line: string): void => {
          const found = matches.exec(line)
          if (found === null) return
          watchers.delete(look)
          resolve(found)
        }
        watchers.add(look)
        for (const line of seen) look(line)
        void ended.then((reason) => reject(new Error(reason)))
      }),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  }
}
