import { existsSync } from 'node:fs'
import { cassandra } from './cassandra.js'
import { consul } from './consul.js'
import type { Engine, EngineOptions } from './engine.js'
import { kafka } from './kafka.js'
import { ENGINES, installFolder } from './paths.js'
import { redis } from './redis.js'
import { hasProgram } from './run-command.js'
import { s3 } from './s3.js'
import { running, start, stop, wipe } from './supervisor.js'
import { toxiproxy } from './toxiproxy.js'

const ALL: readonly Engine[] = [redis, kafka, cassandra, consul, s3, toxiproxy]

const USAGE = `engines COMMAND [ENGINE …] [--processes N]

  install   fetch and build (once; minutes the first time)
  start     install if needed, start, wait until they answer
  stop      stop what was started here
  wipe      stop, and delete their data
  status    what runs, and where
  missing   what cannot be had on this machine, and why

Engines: ${ALL.map(({ name }) => name).join(', ')} (all unless named). --processes 3: three Cassandras that replicate.`

async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args
  const names: string[] = []
  let processes = 1
  for (let i = 0; i < rest.length; i++) {
    if (rest[i] === '--processes') processes = Number(rest[++i])
    else names.push(rest[i] ?? '')
  }
  const unknown = names.filter((name) => !ALL.some((engine) => engine.name === name))
  if (command === undefined || unknown.length > 0 || ![1, 3].includes(processes)) {
    console.error(unknown.length > 0 ? `No engine is called ${unknown.join(', ')}.\n\n${USAGE}` : USAGE)
    return 2
  }
  const engines = names.length === 0 ? ALL : ALL.filter(({ name }) => names.includes(name))
  const options = { processes }
  switch (command) {
    case 'install':
      for (const engine of engines) await install(engine)
      return 0
    case 'start':
      for (const engine of engines) await install(engine)
      return await allOf(engines.map((engine) => startAll(engine, options)))
    case 'stop':
      await Promise.all(engines.flatMap(everyInstance).map((name) => stop(name)))
      return 0
    case 'wipe':
      await Promise.all(engines.flatMap(everyInstance).map((name) => stop(name, 'SIGKILL')))
      for (const name of engines.flatMap(everyInstance)) wipe(name)
      return 0
    case 'status':
      for (const engine of engines) {
        for (const { name, endpoint } of engine.instances({ processes: 3 })) {
          const pid = running(name)
          console.log(`${name.padEnd(14)} ${pid === undefined ? 'stopped' : `runs as ${pid}, ${endpoint}`}`)
        }
      }
      return 0
    case 'missing': {
      const missing = engines.flatMap(({ name, needs }) =>
        needs
          .filter(({ program }) => !hasProgram(program))
          .map(({ program, remedy }) => `${name}: ${program} is missing; ${remedy}`),
      )
      for (const line of missing) console.log(line)
      return missing.length === 0 ? 0 : 1
    }
    default:
      console.error(USAGE)
      return 2
  }
}

/** Waits for all, also when one fails: what was begun is never left half known. */
async function allOf(tasks: readonly Promise<void>[]): Promise<number> {
  const faults = (await Promise.allSettled(tasks)).filter((outcome) => outcome.status === 'rejected')
  for (const { reason } of faults) console.error((reason as Error).message)
  return faults.length === 0 ? 0 : 1
}

async function install(engine: Engine): Promise<void> {
  const { name, version, needs } = engine
  if (existsSync(installFolder(name === 's3' ? 'versitygw' : name, version))) return
  for (const { program, remedy } of needs) {
    if (!hasProgram(program)) throw new Error(`${name} ${version} needs ${program}: ${remedy}`)
  }
  const began = Date.now()
  const progress = setInterval(
    () => console.log(`${name} ${version}: installing, ${Math.round((Date.now() - began) / 1000)} s …`),
    15_000,
  )
  try {
    await engine.install((line) => console.log(`${name}: ${line}`))
  } finally {
    clearInterval(progress)
  }
  console.log(`${name} ${version}: installed in ${Math.round((Date.now() - began) / 1000)} s`)
}

async function startAll(engine: Engine, options: EngineOptions): Promise<void> {
  const began = Date.now()
  for (const instance of engine.instances(options)) await start(instance)
  await engine.afterStart?.(options)
  console.log(
    `${engine.name}: ${engine
      .instances(options)
      .map(({ endpoint }) => endpoint)
      .join(', ')} (${((Date.now() - began) / 1000).toFixed(1)} s)`,
  )
}

function everyInstance(engine: Engine): string[] {
  return engine.instances({ processes: 3 }).map(({ name }) => name)
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: Error) => {
    console.error(`${error.message}\n(engines live in ${ENGINES})`)
    process.exit(1)
  },
)
