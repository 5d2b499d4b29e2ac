import { join } from 'node:path'
import { ALL } from './catalogue.js'
import type { Engine, Instance } from './engine.js'
import { Leases } from './leases.js'
import { withLock } from './lock.js'
import { missingFor } from './needs.js'
import { ENGINES, SET_FOLDER } from './paths.js'
import { isPaused, residentBytes, uptimeMs } from './process-identity.js'
import { duration, type EngineStatus, type ProcessStatus } from './status.js'
import {
  answeredOnce,
  hasData,
  running,
  start as startInstance,
  stop as stopInstance,
  wipe as wipeInstance,
} from './supervisor.js'
import type { Target } from './targets.js'

/** The commands of `ops/engines`, each on targets; they return exit codes. */

const PROGRESS_MS = 15_000
const leases = new Leases()

/** The process for which this one starts engines; a test run says its pid. */
export function lease(environment: NodeJS.ProcessEnv = process.env): number | undefined {
  const text = environment.CHAT4ALL_ENGINES_LEASE
  if (text === undefined || text === '') return undefined
  if (!/^\d+$/.test(text)) throw new Error('CHAT4ALL_ENGINES_LEASE is the pid of the process that wants the engines')
  return Number(text)
}

export async function install(targets: readonly Target[]): Promise<number> {
  let faults = 0
  for (const engine of enginesOf(targets)) {
    // One that cannot be had is no reason to do without the others.
    await locked(ENGINES, engine, () => installOne(engine)).catch((error: Error) => {
      faults++
      console.error(error.message)
    })
  }
  return faults === 0 ? 0 : 1
}

export async function start(
  targets: readonly Target[],
  processes: number | undefined,
  lease: number | undefined,
): Promise<number> {
  const installed = await install(targets)
  const started = await allOf(
    enginesOf(targets)
      .filter((engine) => engine.isInstalled())
      .map((engine) => locked(SET_FOLDER, engine, () => startOne(engine, targets, processes, lease))),
  )
  return Math.max(installed, started)
}

export async function stop(targets: readonly Target[]): Promise<number> {
  for (const { engine, index } of targets) if (index === undefined) leases.forget(engine)
  return await allOf(instancesOf(targets).map(({ name }) => stopInstance(name)))
}

export async function wipe(targets: readonly Target[]): Promise<number> {
  for (const { engine, index } of targets) if (index === undefined) leases.forget(engine)
  return await allOf(
    instancesOf(targets).map(async ({ name }) => {
      await stopInstance(name, 'SIGKILL')
      wipeInstance(name)
    }),
  )
}

/** Gives back what was started for that process; what nobody else wants is stopped. */
export async function release(lease: number | undefined): Promise<number> {
  if (lease === undefined)
    throw new Error('release needs CHAT4ALL_ENGINES_LEASE, the pid that engines were started for')
  return await allOf(
    ALL.map((engine) =>
      locked(SET_FOLDER, engine, async () => {
        if (leases.release(engine.name, lease)) await stop([{ engine: engine.name }])
      }),
    ),
  )
}

export function pids(targets: readonly Target[]): { readonly name: string; readonly pid: number }[] {
  return instancesOf(targets).flatMap(({ name }) => {
    const pid = running(name)
    return pid === undefined ? [] : [{ name, pid }]
  })
}

/** Where tests find those that run, by variable. */
export function testVariables(targets: readonly Target[]): Record<string, string> {
  const running = enginesOf(targets).filter(({ name }) => pids([{ engine: name }]).length > 0)
  return Object.assign(
    {},
    ...running.map((engine) => engine.testVariables?.({ processes: startedProcesses(engine) }) ?? {}),
  )
}

export async function status(targets: readonly Target[]): Promise<EngineStatus[]> {
  return await Promise.all(
    enginesOf(targets).map(async (engine) => {
      const instances = engine.instances({ processes: startedProcesses(engine) })
      return {
        name: engine.name,
        version: engine.version,
        isInstalled: engine.isInstalled(),
        missing: missingFor(engine),
        processes: await Promise.all(instances.map(processStatus)),
      }
    }),
  )
}

async function processStatus(instance: Instance): Promise<ProcessStatus> {
  const { name, endpoint } = instance
  const pid = running(name)
  if (pid === undefined) return { name, endpoint, state: 'stopped' }
  const answers = isPaused(pid) ? 'paused' : await instance.ready().catch(() => false)
  return {
    name,
    endpoint,
    pid,
    state: answers === 'paused' ? answers : answers ? 'answers' : 'does not answer',
    ...defined('uptimeMs', uptimeMs(pid)),
    ...defined('residentBytes', residentBytes(pid)),
  }
}

async function installOne(engine: Engine): Promise<void> {
  const { name, version } = engine
  if (engine.isInstalled()) return
  const missing = missingFor(engine)
  if (missing.length > 0) throw new Error(`${name} ${version} cannot be installed: ${missing.join('; ')}`)
  const began = Date.now()
  const took = () => duration(Date.now() - began)
  console.log(`${name} ${version}: installing …`)
  const progress = setInterval(() => console.log(`${name} ${version}: installing, ${took()} …`), PROGRESS_MS)
  try {
    await engine.install((line) => console.log(`${name}: ${line}`))
  } catch (error) {
    throw new Error(`${name} ${version} could not be installed: ${(error as Error).message}`)
  } finally {
    clearInterval(progress)
  }
  console.log(`${name} ${version}: installed in ${took()}`)
}

async function startOne(
  engine: Engine,
  targets: readonly Target[],
  wanted: number | undefined,
  lease: number | undefined,
): Promise<void> {
  const began = Date.now()
  const existing = startedProcesses(engine)
  const processes = Math.min(wanted ?? existing, engine.processesMax ?? 1)
  if (processes < existing) {
    throw new Error(
      `${engine.name} was started as ${existing} processes, and its data lie on all of them: wipe it first`,
    )
  }
  const instances = engine.instances({ processes: engine.processesMax ?? 1 })
  const all = engine.instances({ processes })
  const chosen = targets.filter((target) => target.engine === engine.name)
  const isWhole = chosen.some(({ index }) => index === undefined)
  const ranBefore = all.some(({ name }) => running(name) !== undefined)
  if (lease === undefined) leases.keep(engine.name)
  else leases.take(engine.name, lease, ranBefore)
  const starting = isWhole ? all : chosen.map(({ index }) => instances[index! - 1]!)
  const startNoisily = async (instance: Instance) => {
    const startsNow = running(instance.name) === undefined
    await startInstance(instance)
    if (startsNow && starting.length > 1 && engine.processesMax !== undefined) {
      console.log(`${instance.name} answers after ${duration(Date.now() - began)}`)
    }
  }
  // Who joins others for the first time needs them to answer; who comes back knows them.
  const joins = starting.filter(({ name }) => !answeredOnce(name))
  const back = await Promise.allSettled(starting.filter(({ name }) => answeredOnce(name)).map(startNoisily))
  for (const outcome of back) if (outcome.status === 'rejected') throw outcome.reason
  for (const instance of joins) await startNoisily(instance)
  if (isWhole) await engine.afterStart?.({ processes })
  const where = starting.map(({ endpoint }) => endpoint).join(', ')
  console.log(`${engine.name}: ${where} (${((Date.now() - began) / 1000).toFixed(1)} s)`)
}

/** As how many processes an engine was started; one if it never was. */
function startedProcesses(engine: Engine): number {
  const processesMax = engine.processesMax ?? 1
  if (processesMax === 1) return 1
  return Math.max(1, engine.instances({ processes: processesMax }).filter(({ name }) => hasData(name)).length)
}

function enginesOf(targets: readonly Target[]): Engine[] {
  return ALL.filter(({ name }) => targets.some(({ engine }) => engine === name))
}

function instancesOf(targets: readonly Target[]): Instance[] {
  return enginesOf(targets).flatMap((engine) => {
    const chosen = targets.filter((target) => target.engine === engine.name)
    const isWhole = chosen.some(({ index }) => index === undefined)
    return engine
      .instances({ processes: engine.processesMax ?? 1 })
      .filter((_, at) => isWhole || chosen.some(({ index }) => index === at + 1))
  })
}

/** One at a time in that folder: programs are installed for all sets of engines, and started for one. */
function locked(folder: string, engine: Engine, work: () => Promise<void>): Promise<void> {
  return withLock(join(folder, engine.name), work, () =>
    console.log(`${engine.name}: somebody else is installing or starting it here; waiting`),
  )
}

/** Waits for all, also when one fails: what was begun is never left half known. */
async function allOf(tasks: readonly Promise<void>[]): Promise<number> {
  const faults = (await Promise.allSettled(tasks)).filter((outcome) => outcome.status === 'rejected')
  for (const { reason } of faults) console.error((reason as Error).message)
  return faults.length === 0 ? 0 : 1
}

function defined<Name extends string, Value>(name: Name, value: Value | undefined): { [key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [key in Name]: Value })
}
