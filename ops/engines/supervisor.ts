import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Instance } from './engine.js'
import { runFolder } from './paths.js'

/** Starts and stops the processes of engines. It knows them by the pid files that it wrote, and touches no other. */

const STOP_MS_MAX = 20_000
const POLL_MS = 200

export async function start(instance: Instance): Promise<void> {
  const folder = runFolder(instance.name)
  mkdirSync(folder, { recursive: true })
  if (running(instance.name) === undefined) {
    await instance.prepare(folder)
    const { program, args, environment } = instance.command(folder)
    const output = openSync(join(folder, 'output.log'), 'a')
    const child = spawn(program, args, {
      cwd: folder,
      env: { ...process.env, ...environment },
      detached: true,
      stdio: ['ignore', output, output],
    })
    closeSync(output)
    child.on('error', () => {})
    if (child.pid === undefined) throw new Error(`${instance.name}: ${program} cannot be started`)
    writeFileSync(join(folder, 'pid'), `${child.pid} ${startTime(child.pid)}`)
    child.unref()
  }
  const until = Date.now() + instance.readyMsMax
  while (!(await instance.ready().catch(() => false))) {
    if (running(instance.name) === undefined) throw new Error(`${instance.name} ended at once:\n${tail(folder)}`)
    if (Date.now() > until)
      throw new Error(`${instance.name} does not answer after ${instance.readyMsMax / 1000} s:\n${tail(folder)}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** Asks the process to end, and makes it end when it does not. */
export async function stop(name: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  const pid = running(name)
  if (pid === undefined) return
  process.kill(pid, signal)
  const until = Date.now() + STOP_MS_MAX
  while (running(name) !== undefined) {
    if (Date.now() > until) process.kill(pid, 'SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, POLL_MS / 4))
  }
  rmSync(join(runFolder(name), 'pid'), { force: true })
}

export function wipe(name: string): void {
  if (running(name) !== undefined) throw new Error(`${name} is running: stop it first`)
  rmSync(runFolder(name), { recursive: true, force: true })
}

/** The pid of an instance that runs. */
export function running(name: string): number | undefined {
  const file = join(runFolder(name), 'pid')
  if (!existsSync(file)) return undefined
  const [pid, started] = readFileSync(file, 'utf8').split(' ')
  // A pid is given out again: only the same start time makes it the same process.
  return started !== undefined && startTime(Number(pid)) === started ? Number(pid) : undefined
}

function startTime(pid: number): string {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    return fields[0] === 'Z' ? 'ended' : (fields[19] ?? '')
  } catch {
    return 'ended'
  }
}

function tail(folder: string): string {
  const file = join(folder, 'output.log')
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(-30).join('\n') : ''
}
