import { type Command, InvalidArgumentError } from 'commander'
import { clusterTable, phaseTable, processTable, type SizedResult } from '../report/cluster-tables.js'
import { type ClusterRun, measureCluster } from '../scenarios/cluster.js'
import {
  crowdOnFirstEdge,
  edgeDrains,
  nodeComesBack,
  nodeDies,
  nodeJoins,
  nodeLeaves,
} from '../scenarios/cluster-steps.js'
import type { WindowsSettings } from '../scenarios/settings.js'
import { type UnderLoadSettings, underLoad } from '../scenarios/under-load.js'
import { positiveInteger, progress, showFaults } from './options.js'

/** cluster, handoff, failover, capacity, drain: our server as processes over the real engines of this machine. */

interface CommonOptions {
  readonly edges: number
  readonly nodes: number
  readonly kafka: boolean
  readonly json?: boolean
  readonly logs?: string
}

/** A dozen processes and the engines share all processors: to pin some of them would be to starve them. */
const SHARED = { server: undefined, load: undefined }

function common(command: Command): Command {
  return command
    .option('--edges <count>', 'edges', positiveInteger, 2)
    .option('--no-kafka', 'publish nothing')
    .option('--json', 'print all raw figures')
    .option('--logs <folder>', 'keep the logs of all components there')
}

function runOf(options: CommonOptions, environment: Record<string, string> = {}): ClusterRun {
  const { edges, nodes, kafka } = options
  return {
    size: { edges, nodes, kafka },
    placement: SHARED,
    environment,
    logFolder: options.logs,
    progress,
  }
}

function counts(text: string): number[] {
  return text.split(',').map((part) => {
    const count = Number(part)
    if (!Number.isSafeInteger(count) || count < 1) throw new InvalidArgumentError('Whole numbers from 1, with commas.')
    return count
  })
}

const TEXT_BYTES = 128
const WINDOW_MS = 1_000

interface SizesOptions extends Omit<CommonOptions, 'nodes'> {
  readonly nodes: number[]
  readonly pairs: number
  readonly inFlight: number
  readonly rate: number
  readonly seconds: number
}

function addClusterCommand(program: Command): void {
  common(
    program.command('cluster').description('throughput, latency and CPU per process: at a rate, and at saturation'),
  )
    .option('--nodes <counts>', 'shard-nodes; several numbers are measured one after the other', counts, [1, 3, 6])
    .option('--pairs <count>', 'pairs of users', positiveInteger, 200)
    .option('--in-flight <count>', 'messages in flight for each pair, at saturation', positiveInteger, 8)
    .option('--rate <count>', 'messages per second, else', positiveInteger, 1667)
    .option('--seconds <count>', 'how long to measure', positiveInteger, 10)
    .action(async (options: SizesOptions) => {
      const rows: SizedResult[] = []
      const { pairs: conversations, edges } = options
      const times = { textBytes: TEXT_BYTES, warmupMs: 5_000, measureMs: options.seconds * 1000 }
      for (const nodes of options.nodes) {
        const run = runOf({ ...options, nodes })
        const open = {
          scenario: 'open' as const,
          conversations,
          messagesPerSecond: options.rate,
          pacing: 'timer' as const,
          ...times,
        }
        rows.push({ nodes, edges, load: `${options.rate}/s`, result: await measureCluster(run, open) })
        const pairs = { scenario: 'pairs' as const, conversations, inFlight: options.inFlight, ...times }
        rows.push({ nodes, edges, load: 'saturation', result: await measureCluster(run, pairs) })
      }
      if (options.json === true) console.log(JSON.stringify(rows, null, 2))
      else {
        console.log(clusterTable(rows))
        for (const { nodes, load, result } of rows) {
          console.log(`\n${nodes} shard-nodes, ${load}\n\n${processTable(result)}`)
        }
      }
      showFaults(rows.flatMap(({ result }) => result.outcome.faultSamples))
    })
}

interface PhasedOptions extends CommonOptions {
  readonly conversations: number
  readonly quiet: number
}

interface PacedOptions extends PhasedOptions {
  readonly rate: number
}

function phased(command: Command, conversations: number): Command {
  return common(command)
    .option('--nodes <count>', 'shard-nodes', positiveInteger, 3)
    .option('--conversations <count>', 'pairs of users', positiveInteger, conversations)
    .option('--quiet <seconds>', 'before the first step and after each', positiveInteger, 10)
}

function paced(command: Command, rate: number, conversations: number): Command {
  return phased(command, conversations).option('--rate <count>', 'messages per second', positiveInteger, rate)
}

const rateOf = ({ rate }: PacedOptions) => ({ messagesPerSecond: rate })

function loadOf({ conversations }: PhasedOptions, pace: WindowsSettings['pace']): WindowsSettings {
  return {
    scenario: 'windows',
    conversations,
    pace,
    textBytes: TEXT_BYTES,
    warmupMs: 5_000,
    windowMs: WINDOW_MS,
  }
}

async function runAndPrint(run: ClusterRun, settings: UnderLoadSettings, options: CommonOptions): Promise<void> {
  const result = await underLoad(run, settings)
  if (options.json === true) console.log(JSON.stringify({ settings, result }, null, 2))
  else console.log(phaseTable(result.phases))
  showFaults(result.faultSamples)
}

export function addClusterCommands(program: Command): void {
  addClusterCommand(program)
  const handoff = program
    .command('handoff')
    .description('the pause of each slot while a shard-node joins and another leaves')
  paced(handoff, 2_000, 1_000).action((options: PacedOptions) =>
    runAndPrint(
      // Slots that are handed over are told at this level.
      runOf(options, { CHAT4ALL_LOG_LEVEL: 'info' }),
      { load: loadOf(options, rateOf(options)), steps: [nodeJoins, nodeLeaves], quietMs: options.quiet * 1000 },
      options,
    ),
  )
  paced(program.command('failover').description('kill -9 of shard-nodes: until their slots answer again'), 1_000, 300)
    .option('--kills <count>', 'how often', positiveInteger, 5)
    .action((options: PacedOptions & { kills: number }) => {
      const steps = Array.from({ length: options.kills }, (_, kill) => {
        const index = kill % options.nodes
        return [nodeDies(index, 10_000), nodeComesBack(index)]
      }).flat()
      return runAndPrint(
        runOf(options),
        { load: loadOf(options, rateOf(options)), steps, quietMs: options.quiet * 1000 },
        options,
      )
    })
  phased(program.command('capacity').description('as fast as it goes, before and after a shard-node is added'), 200)
    .option('--in-flight <count>', 'messages in flight for each pair', positiveInteger, 8)
    .action((options: PhasedOptions & { inFlight: number }) => {
      const load = loadOf(options, { inFlight: options.inFlight })
      return runAndPrint(runOf(options), { load, steps: [nodeJoins], quietMs: options.quiet * 1000 }, options)
    })
  paced(program.command('drain').description('an edge drains: what those on another edge notice of it'), 1_000, 200)
    .option('--crowd <count>', 'users who are sent away', positiveInteger, 500)
    .action((options: PacedOptions & { crowd: number }) =>
      runAndPrint(
        runOf(options, { CHAT4ALL_DRAIN_MS: '5000' }),
        {
          load: loadOf(options, rateOf(options)),
          steps: [edgeDrains],
          quietMs: options.quiet * 1000,
          edges: (cluster) => cluster.edges.slice(1),
          prepare: (cluster) => crowdOnFirstEdge(cluster, options.crowd),
        },
        options,
      ),
    )
}
