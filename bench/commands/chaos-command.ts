import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join, relative } from 'node:path'
import type { Command } from 'commander'
import { ENGINE_KINDS, Engines } from '../chaos/cluster/engines.js'
import { faultsNamed } from '../chaos/faults/catalogue.js'
import { type ChaosResult, type ChaosSettings, checkFolder, runChaos } from '../chaos/run.js'
import { chaosTables, violationLines } from '../report/chaos-tables.js'
import { circumstances } from '../report/machine.js'
import { benchFolder, repositoryFolder } from '../servers/folders.js'
import { positiveInteger, positiveNumber, progress, showFaults, wholeNumber } from './options.js'

/** The set of engines that a run may kill. */
const ENGINE_SET = 'chaos'

interface ChaosOptions {
  readonly minutes: number
  readonly seed?: number
  readonly faults?: string
  readonly edges: number
  readonly nodes: number
  readonly rate: number
  readonly users: number
  readonly clockSkew: number
  readonly engines: boolean
  readonly kafka: boolean
  readonly network: boolean
  readonly sharedEngines?: boolean
  readonly cassandra: number
  readonly keep?: boolean
  readonly publish?: boolean
}

export function addChaosCommands(program: Command): void {
  program
    .command('chaos')
    .description('real clients against a real cluster while everything is killed, paused and cut off; then the verdict')
    .option('--minutes <number>', 'how long faults are injected', positiveNumber, 1)
    .option('--seed <number>', 'repeats the choices of an earlier run', wholeNumber)
    .option(
      '--faults <names>',
      'only these, separated by commas; a beginning (node, edge-redis) means all that begin so',
    )
    .option('--edges <count>', 'edges', positiveInteger, 2)
    .option('--nodes <count>', 'shard-nodes', positiveInteger, 3)
    .option('--rate <count>', 'messages per second', positiveInteger, 60)
    .option('--users <count>', 'users of the raw protocol', positiveInteger, 12)
    .option(
      '--clock-skew <ms>',
      'the clocks of shard-nodes are wrong by so much, in turn ahead and behind',
      wholeNumber,
      30_000,
    )
    .option('--no-engines', 'without outside engines: a data folder for each shard-node, fixed members')
    .option('--no-kafka', 'publish nothing')
    .option('--no-network', 'leave the network alone (needs no toxiproxy)')
    .option(
      '--shared-engines',
      'use the engines that run here, and kill none of them; else a set of its own, wiped after',
    )
    .option('--cassandra <count>', 'processes of its own Cassandra, 1 or 3', positiveInteger, 1)
    .option('--keep', 'keep history and logs of a run without violations, too')
    .option('--publish', 'write results/chaos.md and the figures behind it')
    .action(async (options: ChaosOptions) => {
      const result = await runOnce(options)
      const { verdict, folder } = result
      console.log(chaosTables(result))
      const violations = violationLines(verdict.violations)
      showFaults(violations)
      if (options.publish === true) publish(result, options)
      if (violations.length === 0 && options.keep !== true) rmSync(folder, { recursive: true })
      else progress(`history and logs: ${relative(process.cwd(), folder)}`)
    })
  program
    .command('chaos-check <folder>')
    .description('the verdict on a history that was kept')
    .action(async (folder: string) => {
      const result = await checkFolder(folder)
      console.log(chaosTables(result))
      showFaults(violationLines(result.verdict.violations))
    })
}

async function runOnce(options: ChaosOptions): Promise<ChaosResult> {
  const { engines, network } = options
  const strikeEngines = engines && options.sharedEngines !== true
  const engineSet = strikeEngines ? ENGINE_SET : ''
  const kafka = engines && options.kafka
  const seed = options.seed ?? Math.floor(Math.random() * 0x1_0000_0000)
  const settings: ChaosSettings = {
    seed,
    cluster: {
      edges: options.edges,
      nodes: options.nodes,
      engines,
      engineSet,
      kafka,
      network,
      clockSkewMs: options.clockSkew,
    },
    population: {
      users: options.users,
      visitors: 2,
      sdkUsers: 2,
      privates: options.users,
      groups: options.users,
    },
    messagesPerSecond: options.rate,
    calmMs: 5_000,
    faultsMs: options.minutes * 60_000,
    faults: faultsNamed(options.faults?.split(',') ?? [], {
      engines,
      kafka,
      network,
      strikeEngines,
      severalCassandras: options.cassandra > 1,
    }),
    settleMsMax: 90_000,
  }
  progress(`chaos: --seed ${seed}`)
  const name = `chaos-${new Date().toISOString().slice(0, 16).replace(/[-:]/g, '').toLowerCase()}-${seed}`
  const folder = join(benchFolder, 'results/raw', name)
  if (!strikeEngines) return runChaos(settings, folder, progress)
  const own = new Engines(engineSet)
  progress('starting engines of its own')
  // A run that is interrupted ends without coming back here.
  const wipeNow = (): void => own.wipeAtExit()
  process.once('exit', wipeNow)
  try {
    await own.start([...ENGINE_KINDS, ...(network ? ['toxiproxy'] : [])], options.cassandra)
    return await runChaos(settings, folder, progress)
  } finally {
    await own.wipe()
    process.removeListener('exit', wipeNow)
  }
}

function publish(result: ChaosResult, options: ChaosOptions): void {
  const around = circumstances()
  const { settings, measures, verdict } = result
  const folder = join(benchFolder, 'results')
  mkdirSync(folder, { recursive: true })
  const stem = `chaos-${around.date.slice(0, 16).replace(/[-:]/g, '').toLowerCase()}-${around.commit}`
  const rawFile = join(folder, `${stem}.json`)
  writeFileSync(rawFile, `${JSON.stringify({ circumstances: around, settings, measures, verdict }, null, 1)}\n`)
  const command = `npm run bench -- chaos --minutes ${options.minutes} --seed ${settings.seed}`
  const total = Object.values(verdict.counts).reduce((sum, count) => sum + count, 0)
  const page = [
    '# Chaos run',
    `Commit ${around.commit}${around.modified ? ' with changes on top' : ''}, ${around.date}; ${around.processor}, ` +
      `${cpus().length} cores, ${around.memoryGb} GB; Linux ${around.kernel}, Node ${around.node}. \`${command}\`; raw ` +
      `figures: \`${relative(repositoryFolder, rawFile)}\`.`,
    `${settings.cluster.edges} edges and ${settings.cluster.nodes} shard-nodes, each a process, ` +
      `${settings.messagesPerSecond} messages per second. **Violations: ${total}.**`,
    chaosTables(result),
    'How to read it: latencies are from the first sending of a message to its acknowledgement, however often it had to ' +
      'be sent again. Around a fault: messages sent from a second before it until five after it. *Interrupted*: ' +
      'conversations in which somebody waited for longer than half a second; after kill -9 of a shard-node the wait is ' +
      'the failover. Faults may overlap, and then share their effects.',
  ]
  writeFileSync(join(folder, 'chaos.md'), `${page.join('\n\n')}\n`)
}
