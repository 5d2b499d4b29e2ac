import { parseArgs } from 'node:util'
import { ALL } from './catalogue.js'
import { install, lease, pids, release, start, status, stop, testVariables, wipe } from './commands.js'
import { missingFor } from './needs.js'
import { ENGINES } from './paths.js'
import { statusLines } from './status.js'
import { readTargets } from './targets.js'

const USAGE = `engines COMMAND [ENGINE [N] …] [--processes 1|3]

  install   fetch and build (once; minutes the first time)
  start     install if needed, start what does not run, wait until it answers
  stop      stop what was started here
  wipe      stop, and delete the data
  status    what runs, where, since when (--json: for programs)
  pid       the pids of what runs, one a line: to pause, continue or kill it
  env       where tests find what runs: eval "$(node ops/dist/engines/main.js env)"
  missing   what cannot be had on this machine, and why
  release   give back what was started with CHAT4ALL_ENGINES_LEASE=PID, and stop what nobody else wants

Engines: ${ALL.map(({ name }) => name).join(', ')}
         (all unless named; start, stop, wipe and pid take one process too: cassandra 2, or its name in status)
--processes 3: three Cassandras that replicate. They stay three until they are wiped.`

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { processes: { type: 'string' }, json: { type: 'boolean' } },
  })
  const [command, ...words] = positionals
  const known = ALL.map((engine) => ({
    name: engine.name,
    instances: engine.instances({ processes: engine.processesMax ?? 1 }).map(({ name }) => name),
  }))
  const named = readTargets(words, known)
  const targets = named.length > 0 ? named : ALL.map(({ name }) => ({ engine: name }))
  const processes = values.processes === undefined ? undefined : Number(values.processes)
  if (processes !== undefined && processes !== 1 && processes !== 3) throw new Error('--processes is 1 or 3')
  switch (command) {
    case 'install':
      return await install(targets)
    case 'start':
      return await start(targets, processes, lease())
    case 'stop':
      return await stop(targets)
    case 'wipe':
      return await wipe(targets)
    case 'status': {
      const engines = await status(targets)
      if (values.json) console.log(JSON.stringify(engines, null, 2))
      else for (const line of statusLines(engines)) console.log(line)
      return 0
    }
    case 'pid': {
      const found = pids(targets)
      for (const { pid } of found) console.log(pid)
      if (found.length === 0) console.error('nothing of it runs')
      return found.length === 0 ? 1 : 0
    }
    case 'env':
      for (const [name, value] of Object.entries(testVariables(targets))) console.log(`export ${name}=${value}`)
      return 0
    case 'missing': {
      const missing = ALL.filter(({ name }) => targets.some(({ engine }) => engine === name)).flatMap((engine) =>
        missingFor(engine).map((why) => `${engine.name}: ${why}`),
      )
      for (const line of missing) console.log(line)
      return missing.length === 0 ? 0 : 1
    }
    case 'release':
      return await release(lease())
    default:
      console.error(USAGE)
      return 2
  }
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: Error) => {
    console.error(`${error.message}\n(engines live in ${ENGINES}; without a command you see what there is)`)
    process.exit(1)
  },
)
