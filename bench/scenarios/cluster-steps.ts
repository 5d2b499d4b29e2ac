import { Device } from '../chaos/clients/device.js'
import { RestClient } from '../chaos/clients/rest-client.js'
import type { Cluster } from '../chaos/cluster/cluster.js'
import type { Recorder } from '../chaos/history/history-file.js'
import { Random } from '../chaos/random.js'
import { pause } from '../load/conversation-load.js'
import { openMany } from '../load/dialect.js'
import type { Step } from './under-load.js'

/** What is done to clusters under load. */

/** One more shard-node, until it serves what is its own. */
export const nodeJoins: Step = {
  name: 'a shard-node joins',
  async does(cluster) {
    const node = await cluster.addNode(`node-${cluster.nodes.length + 1}`)
    node.start()
    await node.ready()
  },
}

/** A shard-node hands over all that it has and ends (SIGTERM). */
export const nodeLeaves: Step = {
  name: 'a shard-node leaves',
  async does(cluster) {
    await cluster.nodes[0]!.stop()
  },
}

/** kill -9 of a shard-node, which stays away for some time. */
export function nodeDies(index: number, awayMs: number): Step {
  return {
    name: `kill -9 of node-${index + 1}`,
    async does(cluster) {
      await cluster.nodes[index]!.kill()
      await pause(awayMs)
    },
  }
}

export function nodeComesBack(index: number): Step {
  return {
    name: `node-${index + 1} comes back`,
    async does(cluster) {
      const node = cluster.nodes[index]!
      node.start()
      await node.ready()
    },
  }
}

/** SIGTERM of an edge: it sends its sessions away over its time to drain, and ends. */
export const edgeDrains: Step = {
  name: 'an edge drains',
  async does(cluster) {
    await cluster.edges[0]!.stop()
  },
}

const GROUP = 50
const NOBODY: Recorder = { record() {}, now: () => performance.now() }

/** Users on the first edge, in groups, who go to another edge when they are sent away. */
export async function crowdOnFirstEdge(cluster: Cluster, users: number): Promise<{ close(): void }> {
  const rest = new RestClient(cluster.clientPorts, NOBODY)
  await rest.signIn(cluster)
  const first = cluster.edges[0]!.name
  const names = Array.from({ length: users }, (_, index) => `crowd-${index}`)
  for (let from = 0; from < users; from += GROUP) {
    const members = names.slice(from, from + GROUP)
    await rest.createConversation(first, 'group', members, members.slice(0, 1))
  }
  const devices = await openMany(users, async (index) => {
    const user = names[index]!
    const token = await rest.token(cluster, user)
    return new Device({
      name: `${user}/crowd`,
      user,
      token,
      edges: cluster.clientPorts,
      firstEdge: first,
      recorder: NOBODY,
      random: new Random(index),
      onSent() {},
    })
  })
  while (!devices.every(({ ready }) => ready)) await pause(50)
  return {
    close() {
      for (const device of devices) device.close()
    },
  }
}
