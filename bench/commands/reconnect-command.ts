import type { Command } from 'commander'
import { reconnectTable } from '../report/crash-and-reconnect-tables.js'
import { reconnectOnce } from '../scenarios/own-server.js'
import { placementOf, positiveInteger, progress, showFaults, unpinnedOption } from './options.js'

interface ReconnectOptions {
  readonly unpinned?: boolean
  readonly clients: number
  readonly groups: number
  readonly missed: number
  readonly atOnce: number
}

export function addReconnectCommand(program: Command): void {
  program
    .command('reconnect')
    .description('all clients of our server lose their connections and come back at once')
    .addOption(unpinnedOption())
    .option('--clients <count>', 'clients', positiveInteger, 5000)
    .option('--groups <count>', 'groups that they are spread over', positiveInteger, 50)
    .option('--missed <count>', 'messages posted to each group meanwhile', positiveInteger, 20)
    .option('--at-once <count>', 'connections opened at a time', positiveInteger, 1000)
    .action(async (options: ReconnectOptions) => {
      const { clients, groups, missed, atOnce } = options
      const settings = { scenario: 'reconnect' as const, clients, groups, missedEach: missed, atOnce }
      const result = await reconnectOnce(settings, placementOf(options), progress)
      console.log(reconnectTable(result))
      showFaults(result.faultSamples)
    })
}
