import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { type Command, Option } from 'commander'
import { circumstances } from '../report/machine.js'
import { markdown } from '../report/markdown.js'
import { FULL, type Plan, QUICK } from '../report/plans.js'
import type { Run } from '../report/run.js'
import { crashOnce, reconnectOnce } from '../scenarios/own-server.js'
import { alternatingRounds } from '../scenarios/rounds.js'
import { benchFolder, repositoryFolder } from '../servers/folders.js'
import type { Placement } from '../servers/running-server.js'
import { SERVER_NAMES, type ServerName } from '../servers/server-names.js'
import { placementOf, progress, serversOption, unpinnedOption } from './options.js'

const PLANS = { full: FULL, quick: QUICK }

export function addAllCommand(program: Command): void {
  program
    .command('all')
    .description('every scenario; writes results/<date>-<commit>.json and results/report.md')
    .addOption(
      new Option('--plan <name>', 'full, or quick (under a minute)').choices(['full', 'quick']).default('full'),
    )
    .addOption(serversOption().default([...SERVER_NAMES], 'all'))
    .addOption(unpinnedOption())
    .action(async (options: { plan: keyof typeof PLANS; servers: ServerName[]; unpinned?: boolean }) => {
      const run = await carryOut(PLANS[options.plan], options.servers, placementOf(options), options.plan)
      const folder = join(benchFolder, 'results')
      mkdirSync(folder, { recursive: true })
      const { date, commit } = run.circumstances
      const rawFile = join(folder, `${date.slice(0, 16).replace(/[-:]/g, '').toLowerCase()}-${commit}.json`)
      writeFileSync(rawFile, `${JSON.stringify(run, null, 1)}\n`)
      const report = markdown(run, relative(repositoryFolder, rawFile))
      writeFileSync(join(folder, 'report.md'), report)
      console.log(report)
    })
}

async function carryOut(plan: Plan, servers: readonly ServerName[], placement: Placement, name: string): Promise<Run> {
  const compared: Run['compared'][number][] = []
  for (const step of plan.compared) {
    const results = await alternatingRounds(step.settings, {
      servers: step.servers.filter((server) => servers.includes(server)),
      rounds: step.rounds,
      placement,
      progress,
    })
    compared.push({ step, results: Object.fromEntries(results) })
  }
  const ours = servers.includes('chat4all')
  const { reconnect } = plan
  return {
    command: `npm run bench -- all --plan ${name}`,
    circumstances: circumstances(),
    placement,
    compared,
    reconnect:
      reconnect !== undefined && ours
        ? { step: reconnect, result: await reconnectOnce(reconnect.settings, placement, progress) }
        : undefined,
    crash: ours ? { step: plan.crash, result: await crashOnce(plan.crash.settings, progress) } : undefined,
  }
}
