import type { Command } from 'commander'
import { crashTable } from '../report/crash-and-reconnect-tables.js'
import { crashOnce } from '../scenarios/own-server.js'
import { positiveInteger, progress, showFaults } from './options.js'

export function addCrashCommand(program: Command): void {
  program
    .command('crash')
    .description('kill -9 of our server under load, restart, and everything acknowledged is looked for')
    .option('--pairs <count>', 'pairs of users', positiveInteger, 50)
    .option('--in-flight <count>', 'messages in flight for each pair', positiveInteger, 8)
    .option('--kills <count>', 'how often', positiveInteger, 3)
    .option('--seconds <count>', 'of load before each kill', positiveInteger, 2)
    .option('--log <file>', 'keep the server’s log there')
    .action(async (options: { pairs: number; inFlight: number; kills: number; seconds: number; log?: string }) => {
      const { pairs, inFlight, kills, seconds } = options
      const settings = { pairs, inFlight, textBytes: 128, kills, loadMs: seconds * 1000 }
      const result = await crashOnce(settings, progress, options.log)
      console.log(crashTable(result))
      showFaults(result.faultSamples)
    })
}
