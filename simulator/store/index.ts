import type { World } from '../world/world.js'
import { SimulatedMessageView } from './message-view.js'
import { SimulatedNodeLogs } from './node-logs.js'
import { emptyReplica, type ReplicaState } from './replica-state.js'
import { Replicas } from './replicas.js'
import { ALL_STORE_RULES, type StoreRules } from './rules.js'
import { SimulatedSlotTable } from './slot-table.js'

/** The database of a simulated cluster. */
export interface SimulatedStore {
  readonly replicas: Replicas<ReplicaState>
  readonly logs: SimulatedNodeLogs
  readonly slots: SimulatedSlotTable
  readonly view: SimulatedMessageView
}

export function simulatedStore(world: World, rules: StoreRules = ALL_STORE_RULES): SimulatedStore {
  const replicas = new Replicas<ReplicaState>(world, emptyReplica)
  return {
    replicas,
    logs: new SimulatedNodeLogs(replicas, rules, () => world.now),
    slots: new SimulatedSlotTable(replicas),
    view: new SimulatedMessageView(replicas),
  }
}
