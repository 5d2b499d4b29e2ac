export * from './effects.js'
export { ALL_RULES, type ShardRules } from './rules.js'
export { ShardNodeCore } from './shard-node-core.js'
export { SHARD_DEFAULTS, type ShardConfig } from './state.js'
