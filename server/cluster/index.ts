export { drainNode, RefusedError, rebalance } from './change-weights.js'
export { CannotAskError } from './consul-api.js'
export { type ClusterStatus, type EdgeStatus, type NodeStatus, readClusterStatus } from './status.js'
