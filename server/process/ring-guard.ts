import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeId } from '@chat4all/protocol'
import type { Member } from '@chat4all/router'

/** This node's slots were made with other members than it is now started with. */
export class RingChangedError extends Error {
  constructor(file: string, node: NodeId, before: readonly string[], now: readonly string[]) {
    super(
      `${node} was first started with the members ${before.join(', ')} (${file}) and is now given ${now.join(', ')}. ` +
        `Where each conversation is kept follows from the members, and with embedded storage its data is in the folder of ` +
        `the node that had it: with other members, conversations would begin anew on another node. Start with the members ` +
        `of before. (Nodes are added and removed with the cluster's storage, not with the embedded one.)`,
    )
    this.name = 'RingChangedError'
  }
}

/**
 * Refuses a start with other members than those the data folder was made with. Addresses may change, members not.
 * @throws RingChangedError
 */
export function guardRing(dataDir: string, node: NodeId, members: readonly Member[]): void {
  const file = join(dataDir, 'ring.json')
  const now = members.map((member) => `${member.node}*${member.weight}`).sort()
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    mkdirSync(dataDir, { recursive: true })
    // Renamed into place, so that a crash leaves no half of it.
    writeFileSync(`${file}.new`, `${JSON.stringify({ node, members: now })}\n`)
    renameSync(`${file}.new`, file)
    return
  }
  const before = JSON.parse(text) as { node: string; members: string[] }
  if (before.node !== node) {
    throw new Error(`${file} belongs to the node ${before.node}; ${node} needs a data folder of its own`)
  }
  if (before.members.join() !== now.join()) throw new RingChangedError(file, node, before.members, now)
}
