import type { Command } from 'commander'
import { faultLines, scenarioTable, type TabledScenario } from '../report/scenario-tables.js'
import { alternatingRounds } from '../scenarios/rounds.js'
import type { ComparedSettings } from '../scenarios/settings.js'
import type { ServerName } from '../servers/server-names.js'
import {
  placementOf,
  positiveInteger,
  progress,
  roundsOption,
  serversOption,
  showFaults,
  unpinnedOption,
} from './options.js'

/** pairs, open, group, idle: one scenario, any of the servers. */

interface CommonOptions {
  readonly servers: readonly ServerName[]
  readonly rounds: number
  readonly unpinned?: boolean
  readonly json?: boolean
}

async function runAndPrint(
  settings: ComparedSettings & { readonly scenario: TabledScenario },
  options: CommonOptions,
): Promise<void> {
  const rounds = await alternatingRounds(settings, { ...options, placement: placementOf(options), progress })
  if (options.json === true) console.log(JSON.stringify({ settings, rounds: Object.fromEntries(rounds) }, null, 2))
  else console.log(scenarioTable(settings.scenario, rounds))
  showFaults(faultLines(rounds))
}

function common(command: Command): Command {
  return command
    .addOption(serversOption())
    .addOption(roundsOption())
    .addOption(unpinnedOption())
    .option('--json', 'print all raw figures')
}

function timed(command: Command): Command {
  return common(command)
    .option('--text-bytes <bytes>', 'size of a message’s text', positiveInteger, 128)
    .option('--seconds <count>', 'how long to measure', positiveInteger, 5)
    .option('--warmup <count>', 'seconds before that', positiveInteger, 2)
}

function withReceipts(command: Command): Command {
  return timed(command).option('--receipts', 'readers tell what was delivered to them (chat4all only)')
}

interface TimedOptions extends CommonOptions {
  readonly textBytes: number
  readonly seconds: number
  readonly warmup: number
}

const receiptsOf = (options: { readonly receipts?: boolean }) => (options.receipts === true ? { receipts: true } : {})

const timesOf = (options: TimedOptions) => ({
  textBytes: options.textBytes,
  warmupMs: options.warmup * 1000,
  measureMs: options.seconds * 1000,
})

export function addMessageCommands(program: Command): void {
  withReceipts(program.command('pairs').description('as fast as it goes: pairs of users, messages in flight'))
    .option('--pairs <count>', 'pairs of users', positiveInteger, 200)
    .option('--in-flight <count>', 'messages in flight for each pair', positiveInteger, 8)
    .action((options: TimedOptions & { pairs: number; inFlight: number; receipts?: boolean }) =>
      runAndPrint(
        {
          scenario: 'pairs',
          conversations: options.pairs,
          inFlight: options.inFlight,
          ...timesOf(options),
          ...receiptsOf(options),
        },
        options,
      ),
    )
  withReceipts(program.command('open').description('latency at a fixed rate, from when each message was due'))
    .option('--pairs <count>', 'pairs of users', positiveInteger, 200)
    .option('--rate <count>', 'messages per second', positiveInteger, 1667)
    .action((options: TimedOptions & { pairs: number; rate: number; receipts?: boolean }) =>
      runAndPrint(
        {
          scenario: 'open',
          conversations: options.pairs,
          messagesPerSecond: options.rate,
          ...timesOf(options),
          ...receiptsOf(options),
        },
        options,
      ),
    )
  timed(program.command('group').description('fan-out: one group, all members online'))
    .option('--members <count>', 'members of the group, the sender included', positiveInteger, 1000)
    .option('--in-flight <count>', 'messages in flight', positiveInteger, 4)
    .action((options: TimedOptions & { members: number; inFlight: number }) =>
      runAndPrint(
        { scenario: 'group', members: options.members, inFlight: options.inFlight, ...timesOf(options) },
        options,
      ),
    )
  common(program.command('idle').description('memory of the server per idle connection'))
    .option('--connections <count>', 'connections', positiveInteger, 5000)
    .option('--joined', 'every user is a member of one conversation (subscribed to one channel)')
    .action((options: CommonOptions & { connections: number; joined?: boolean }) =>
      runAndPrint({ scenario: 'idle', connections: options.connections, joined: options.joined === true }, options),
    )
}
