import type { NodeId, Slot } from '@chat4all/protocol'
import { LatestValue } from './latest-value.js'
import type { Member, Members } from './port.js'

/** Members of one process: the shard-nodes and edges that share it share this object. A member is healthy until it leaves. */
export function inProcessMembers(): Members {
  const members = new Map<NodeId, Member>()
  const owners = new Map<Slot, NodeId>()
  const membersNow = new LatestValue<readonly Member[]>([])
  const ownersNow = new LatestValue<ReadonlyMap<Slot, NodeId>>(new Map())

  function replaceHints(node: NodeId, slots: readonly Slot[]): void {
    for (const [slot, owner] of owners) if (owner === node) owners.delete(slot)
    for (const slot of slots) owners.set(slot, node)
    ownersNow.set(new Map(owners))
  }

  return {
    async join(self) {
      members.set(self.node, self)
      membersNow.set([...members.values()])
    },
    async leave(node) {
      if (!members.delete(node)) return
      membersNow.set([...members.values()])
      replaceHints(node, [])
    },
    watch: (onChange) => membersNow.watch(onChange),
    hint: replaceHints,
    watchHints: (onChange) => ownersNow.watch(onChange),
    async close() {
      membersNow.close()
      ownersNow.close()
    },
  }
}
