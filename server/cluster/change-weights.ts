import { clusterKeys, memberSeen, weightsOf } from '@chat4all/router'
import type { Config } from '../config/settings.js'
import { ConsulApi } from './consul-api.js'

/** What was asked for makes no sense now; the message says why. */
export class RefusedError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'RefusedError'
  }
}

/**
 * Takes a shard-node's weight away: it stays a member, and hands all its slots to the others.
 * @throws RefusedError when there is no such node, or no other that could take them; CannotAskError
 */
export async function drainNode(config: Config, node: string): Promise<void> {
  const api = new ConsulApi(config)
  const keys = clusterKeys(config.cluster)
  const weights = weightsOf(await api.keys(keys.weights), keys.weights)
  const members = (await api.service(keys.services['shard-node'])).map((entry) =>
    memberSeen(entry, weights, keys.faultNotes['shard-node']),
  )
  const names = members.map((member) => member.node as string)
  if (!names.includes(node)) {
    throw new RefusedError(`${config.cluster} has no shard-node ${node}; it has ${names.sort().join(', ') || 'none'}`)
  }
  if (!members.some((member) => member.node !== node && member.state === 'passing' && member.weight > 0)) {
    throw new RefusedError(`no other shard-node could take the slots of ${node}: start one first`)
  }
  await api.set(`${keys.weights}${node}`, '0')
}

/**
 * Takes away every weight that an operator set: each node has its own again, and the ring decides. Returns the nodes.
 * @throws CannotAskError
 */
export async function rebalance(config: Config): Promise<readonly string[]> {
  const api = new ConsulApi(config)
  const { weights } = clusterKeys(config.cluster)
  const set = (await api.keys(weights)).map(({ Key }) => Key.slice(weights.length)).filter((name) => name !== '')
  await api.deleteBelow(weights)
  return set.sort()
}
