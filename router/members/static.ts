import type { NodeId } from '@chat4all/protocol'
import { LatestValue } from './latest-value.js'
import type { Member, Members } from './port.js'

/**
 * A fixed list of members, the same in every process: a cluster without Consul. All count as healthy; whether one
 * lives shows when it is dialed. There are no hints: an edge guesses by the ring and learns from bounces.
 */
export function staticMembers(members: readonly Member[]): Members {
  const fixed = new LatestValue(members)
  return {
    async join(self) {
      if (!members.some((member) => member.node === self.node)) {
        throw new Error(
          `${self.node} is not in the list of members (${members.map(({ node }) => node).join(', ') || 'it is empty'})`,
        )
      }
    },
    async leave() {},
    watch: (onChange) => fixed.watch(onChange),
    hint() {},
    watchHints: () => () => {},
    async close() {
      fixed.close()
    },
  }
}

const NODE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/**
 * Reads `node@host:port,node@host:port…` (an IPv6 host in brackets); each member has weight 1.
 * @throws Error that says which item is wrong and what is expected.
 */
export function parseMembers(text: string): Member[] {
  const members: Member[] = []
  for (const item of text.split(',').map((part) => part.trim())) {
    const match = /^([^@]+)@(\[[0-9A-Fa-f:.]+\]|[^:@[\]\s]+):(\d{1,5})$/.exec(item)
    const [, node, host, port] = match ?? []
    if (node === undefined || !NODE_ID.test(node) || Number(port) < 1 || Number(port) > 65535) {
      throw new Error(`'${item}' is not node@host:port (as in node-1@10.0.0.5:7070)`)
    }
    const address = `${host}:${port}`
    for (const other of members) {
      if (other.node === node) throw new Error(`node '${node}' is listed twice`)
      if (other.address === address) throw new Error(`'${node}' and '${other.node}' have the same address ${address}`)
    }
    members.push({ node: node as NodeId, address, weight: 1 })
  }
  return members
}
