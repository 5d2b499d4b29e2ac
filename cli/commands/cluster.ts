import { type Config, ConfigError, exitCodeOf, loadConfig } from '@chat4all/server'
import {
  CannotAskError,
  type ClusterStatus,
  drainNode,
  RefusedError,
  readClusterStatus,
  rebalance,
} from '@chat4all/server/cluster'
import type { Command } from 'commander'
import { statusLines } from '../cluster/status-lines.js'
import { printJson } from '../terminal/json.js'
import { CommandError, type DefineCommand } from './command.js'
import { addSettings, flagsOf } from './server-role.js'

const POLL_MS = 500

/** `chat4all cluster status|drain|rebalance`: for operators of a cluster on Consul and Cassandra. */
export const defineCluster: DefineCommand = (cluster) => {
  const status = subcommand(cluster, 'status', 'Show nodes, edges, slots, logs and what is on its way')
  status.option('--json', 'print one JSON value')
  status.action(() =>
    asking(status, async (config) => {
      const found = await readClusterStatus(config)
      if (status.opts<{ json?: true }>().json) printJson(found)
      else for (const line of statusLines(found, process.stdout)) console.log(line)
      if (found.problems.length > 0) process.exitCode = 1
    }),
  )

  const drain = subcommand(cluster, 'drain <node>', 'Hand all slots of a shard-node to the others; it stays a member')
  drain.option('--wait', 'return when it owns no slot any more')
  drain.action((node: string) =>
    asking(drain, async (config) => {
      await drainNode(config, node)
      console.log(`${node} has weight 0 and hands its slots over; \`chat4all cluster rebalance\` takes that back`)
      if (drain.opts<{ wait?: true }>().wait) await untilEmpty(config, node)
    }),
  )

  const balance = subcommand(cluster, 'rebalance', 'Take away the weights that operators set: the ring decides again')
  balance.action(() =>
    asking(balance, async (config) => {
      const nodes = await rebalance(config)
      if (nodes.length === 0) console.log('No weight was set: the ring decides already.')
      else console.log(`${nodes.join(', ')}: own weight again; slots move where the ring wants them`)
    }),
  )
}

function subcommand(cluster: Command, name: string, about: string): Command {
  const command = cluster.command(name).description(about)
  addSettings(command, 'cluster')
  return command
}

async function asking(command: Command, run: (config: Config) => Promise<void>): Promise<void> {
  try {
    const { config } = loadConfig('cluster', process.env, flagsOf(command, 'cluster'))
    await run(config)
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(error.message, exitCodeOf(error))
    if (error instanceof CannotAskError || error instanceof RefusedError) throw new CommandError(error.message)
    throw error
  }
}

async function untilEmpty(config: Config, node: string): Promise<void> {
  let told: number | undefined
  for (;;) {
    const status: ClusterStatus = await readClusterStatus(config)
    if (status.slots.moving === undefined) throw new CommandError(status.problems.join('\n'))
    const left = status.nodes.find((one) => one.node === node)?.slotsOwned ?? 0
    if (left !== told) console.log(left === 0 ? `${node} owns no slot` : `${node} owns ${left} slots`)
    if (left === 0) return
    told = left
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
