import { spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Instance } from './engine.js'
import { isTaken, listening } from './listening.js'
import { runFolder } from './paths.js'
import { identityOf, isPaused, livingPid } from './process-identity.js'

/** Starts and stops the processes of engines. It knows them by the pid files that it wrote, and touches no other. */

const STOP_MS_MAX = 20_000
const POLL_MS = 200
/** A file beside the data of an instance that answered once. */
const ANSWERED = 'answered'

/** Starts a process unless it runs, wakes it if it was paused, and waits until it answers. */
export async function start(instance: Instance): Promise<void> {
  const folder = runFolder(instance.name)
  mkdirSync(folder, { recursive: true })
  const pid = running(instance.name)
  if (pid === undefined) await spawnInstance(instance, folder)
  else if (isPaused(pid)) process.kill(pid, 'SIGCONT')
  const until = Date.now() + instance.readyMsMax
  while (!(await instance.ready().catch(() => false))) {
    if (running(instance.name) === undefined) throw new Error(`${instance.name} ended at once:\n${tail(folder)}`)
    if (Date.now() > until)
      throw new Error(`${instance.name} does not answer after ${instance.readyMsMax / 1000} s:\n${tail(folder)}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  writeFileSync(join(folder, ANSWERED), '')
}

/** Whether an instance, with the data that it has, answered before. */
export function answeredOnce(name: string): boolean {
  return existsSync(join(runFolder(name), ANSWERED))
}

async function spawnInstance(instance: Instance, folder: string): Promise<void> {
  const taken = listening()
  for (const address of instance.listens) {
    if (isTaken(address, taken)) {
      throw new Error(
        `${instance.name}: another program listens at ${address}; stop it, or \`wipe\` the engines here and delete ports.json, so that other ports are chosen`,
      )
    }
  }
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
  const identity = child.pid === undefined ? undefined : identityOf(child.pid)
  if (identity === undefined) throw new Error(`${instance.name}: ${program} cannot be started\n${tail(folder)}`)
  writeFileSync(join(folder, 'pid'), identity)
  child.unref()
}

/** Asks the process to end, and makes it end when it does not. */
export async function stop(name: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  const pid = running(name)
  if (pid === undefined) return
  sendSignal(pid, signal)
  // A paused process hears nothing before it goes on.
  sendSignal(pid, 'SIGCONT')
  const until = Date.now() + STOP_MS_MAX
  while (running(name) !== undefined) {
    if (Date.now() > until) sendSignal(pid, 'SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, POLL_MS / 4))
  }
  rmSync(join(runFolder(name), 'pid'), { force: true })
}

export function wipe(name: string): void {
  if (running(name) !== undefined) throw new Error(`${name} is running: stop it first`)
  const folder = runFolder(name)
  // A Nomad that was killed leaves the memory file systems of its jobs mounted.
  for (const mount of mountsBelow(folder, readFileSync('/proc/self/mounts', 'utf8'))) spawnSync('umount', [mount])
  rmSync(folder, { recursive: true, force: true })
}

/** What is mounted below a folder, the innermost first. */
export function mountsBelow(folder: string, mounts: string): string[] {
  return mounts
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((mount) => mount.startsWith(`${folder}/`))
    .reverse()
}

/** The pid of an instance that runs. */
export function running(name: string): number | undefined {
  const file = join(runFolder(name), 'pid')
  return existsSync(file) ? livingPid(readFileSync(file, 'utf8')) : undefined
}

/** Whether an instance was started once, and its data were not wiped since. */
export function hasData(name: string): boolean {
  return existsSync(runFolder(name))
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function tail(folder: string): string {
  const file = join(folder, 'output.log')
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(-30).join('\n') : ''
}
