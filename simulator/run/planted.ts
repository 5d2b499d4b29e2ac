import type { PlantedBug } from '../planted-bugs.js'
import { ALL_RULES, optionsOf, type RunOptions, withoutRule } from './options.js'

/** The options of a seed in the weather in which a planted bug shows, with its rule on or off. */
export function optionsWith(bug: PlantedBug, seed: number, rule: 'on' | 'off'): RunOptions {
  const usual = optionsOf(seed)
  const { faults, shardNode, edge, erasures = usual.erasures } = bug.weather ?? {}
  return {
    ...usual,
    erasures,
    faults: { ...usual.faults, ...faults },
    shardNode: { ...usual.shardNode, ...shardNode },
    edge: { ...usual.edge, ...edge },
    rules: rule === 'on' ? ALL_RULES : withoutRule(ALL_RULES, bug.rule.off),
  }
}
