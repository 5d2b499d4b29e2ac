import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import {
  ALL_RULES,
  FAULT_NAMES,
  FAULTS,
  type FaultName,
  optionsOf,
  type RunOptions,
  withoutRule,
} from './run/options.js'
import { planOf } from './run/plan.js'
import { describeFailure, type Given } from './run/report.js'
import { run } from './run/run.js'
import { legend } from './world/trace.js'

const HELP = `npm run sim -- [--seed N] [--runs N] [--operations N] [--fault NAME=PROBABILITY]… [--rule-off NAME]… [--trace]

Runs whole clusters in one process, on a virtual clock, with faults, and checks invariants 1–10 of
shard-node/core/SPEC.md. Without --seed: fresh seeds (--runs of them, 50 unless given).

  --fault       how likely a fault is, instead of what the seed chose; 'all=0' turns all off
  --rule-off    plants a bug: turns one rule of the design off
  --trace       prints one line per transition

Faults:
${FAULT_NAMES.map((name) => `  ${name.padEnd(24)} ${FAULTS[name]}`).join('\n')}

Rules:
  ${Object.values(ALL_RULES)
    .flatMap((rules) => Object.keys(rules))
    .join(', ')}
`

const SEEDS = 2 ** 31

main()

function main(): void {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      runs: { type: 'string' },
      operations: { type: 'string' },
      fault: { type: 'string', multiple: true },
      'rule-off': { type: 'string', multiple: true },
      trace: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return console.log(HELP)
  const operations = values.operations === undefined ? undefined : count('--operations', values.operations)
  const given: Given = {
    ...(operations !== undefined && { operations }),
    ...(values.fault !== undefined && { faults: values.fault }),
    ...(values['rule-off'] !== undefined && { rulesOff: values['rule-off'] }),
  }
  const options = (seed: number): RunOptions =>
    optionsOf(seed, {
      ...(operations !== undefined && { operations }),
      faults: faultsOf(values.fault ?? []),
      rules: (values['rule-off'] ?? []).reduce(withoutRule, ALL_RULES),
    })
  const seeds =
    values.seed !== undefined
      ? [count('--seed', values.seed)]
      : Array.from({ length: count('--runs', values.runs ?? '50') }, () => randomInt(SEEDS))
  if (!runAll(seeds, options, given, values.trace)) process.exitCode = 1
}

function runAll(
  seeds: readonly number[],
  optionsOfSeed: (seed: number) => RunOptions,
  given: Given,
  traced: boolean,
): boolean {
  const began = performance.now()
  let operations = 0
  let virtualMs = 0
  for (const seed of seeds) {
    const options = optionsOfSeed(seed)
    const result = run(options, planOf(options), traced)
    operations += result.operations
    virtualMs += result.virtualMs
    if (traced) console.log([...result.trace, '', legend()].join('\n'))
    if (result.violations.length === 0) continue
    console.error(describeFailure(options, result, given))
    return false
  }
  const seconds = (performance.now() - began) / 1000
  console.log(
    `${seeds.length} runs, ${operations} operations, ${(virtualMs / 60_000).toFixed(1)} virtual minutes in ${seconds.toFixed(1)} s: ` +
      `${Math.round(operations / seconds)} operations/s, no invariant broken`,
  )
  return true
}

function count(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) fail(`${name} needs a whole number, not '${text}'`)
  return value
}

function faultsOf(texts: readonly string[]): Partial<Record<FaultName, number>> {
  const faults: Partial<Record<FaultName, number>> = {}
  for (const text of texts) {
    const [name = '', value = ''] = text.split('=')
    const probability = Number(value)
    if (value === '' || !(probability >= 0 && probability <= 1))
      fail(`--fault needs NAME=PROBABILITY (0 to 1), not '${text}'`)
    if (name === 'all') for (const each of FAULT_NAMES) faults[each] = probability
    else if (name in FAULTS) faults[name as FaultName] = probability
    else fail(`no fault is called '${name}'; see --help`)
  }
  return faults
}

function fail(what: string): never {
  console.error(what)
  process.exit(2)
}
