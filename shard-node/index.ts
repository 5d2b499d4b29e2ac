export { SHARD_DEFAULTS, type ShardConfig } from './core/index.js'
export { peerName } from './driver/peer-links.js'
export { type ShardNode, type ShardNodeOptions, startShardNode } from './driver/shard-node.js'
export { type ShardNodeEvents, shardNodeEvents } from './events.js'
