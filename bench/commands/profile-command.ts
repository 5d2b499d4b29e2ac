import type { Command } from 'commander'
import { profileServer } from '../profile/profile-server.js'
import { profileTables } from '../report/profile-tables.js'
import { placementOf, positiveInteger, progress, unpinnedOption } from './options.js'

export function addProfileCommand(program: Command): void {
  program
    .command('profile')
    .description('where our server’s time goes: the pairs scenario under the sampling profiler')
    .addOption(unpinnedOption())
    .option('--pairs <count>', 'pairs of users', positiveInteger, 200)
    .option('--in-flight <count>', 'messages in flight for each pair', positiveInteger, 8)
    .option('--seconds <count>', 'how long to measure', positiveInteger, 5)
    .option('--warmup <count>', 'seconds before that', positiveInteger, 3)
    .option('--top <count>', 'functions to list', positiveInteger, 40)
    .option('--keep <folder>', 'keep the .cpuprofile files there (for Chrome DevTools, speedscope)')
    .action(
      async (options: {
        unpinned?: boolean
        pairs: number
        inFlight: number
        seconds: number
        warmup: number
        top: number
        keep?: string
      }) => {
        progress('profile: chat4all under --cpu-prof')
        const profile = await profileServer(
          {
            scenario: 'pairs',
            conversations: options.pairs,
            inFlight: options.inFlight,
            textBytes: 128,
            warmupMs: options.warmup * 1000,
            measureMs: options.seconds * 1000,
          },
          placementOf(options),
          options.keep,
        )
        console.log(profileTables(profile, options.top))
      },
    )
}
