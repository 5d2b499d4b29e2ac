import type { ConversationId } from '@chat4all/protocol'
import type { Client } from 'cassandra-driver'
import { portionsOf } from '../erasures.js'
import type { ConversationChange } from '../port.js'
import { erase } from './erase.js'
import { type Lifetimes, partitionsOf, type Statement, userStatements } from './statements.js'

/** Conversations written at once: enough that Cassandra's commit log takes many per sync. */
const CONVERSATIONS_AT_ONCE = 64
/** A mutation that is far larger is refused by Cassandra; a group's thousands of members come near it. */
const MUTATION_BYTES_MAX = 512 * 1024
const STATEMENTS_MAX = 1_000

/** Writes changes of many conversations, and erases, each erasure behind what comes before it. */
export async function applyChanges(
  client: Client,
  changes: readonly ConversationChange[],
  lifetimes: Lifetimes,
): Promise<void> {
  for (const portion of portionsOf(changes)) {
    await writeChanges(client, portion.changes, lifetimes)
    if (portion.erases !== undefined)
      await erase(client, (mutation) => write(client, mutation), portion.erases, lifetimes)
  }
}

/** Each partition is one mutation, or a few if there is much for it. */
async function writeChanges(
  client: Client,
  changes: readonly ConversationChange[],
  lifetimes: Lifetimes,
): Promise<void> {
  const byConversation = new Map<ConversationId, ConversationChange[]>()
  for (const change of changes) {
    const others = byConversation.get(change.conversation)
    if (others === undefined) byConversation.set(change.conversation, [change])
    else others.push(change)
  }
  await atOnce(CONVERSATIONS_AT_ONCE, [...byConversation], async ([conversation, its]) => {
    for (const { statements } of partitionsOf(conversation, its, lifetimes)) {
      for (const mutation of mutations(statements)) await write(client, mutation)
    }
  })
  await atOnce(CONVERSATIONS_AT_ONCE, changes.flatMap(userStatements), (statement) => write(client, [statement]))
}

export async function write(client: Client, statements: readonly Statement[]): Promise<void> {
  const [only] = statements
  if (statements.length === 1) await client.execute(only!.query, [...only!.params], { prepare: true })
  else {
    const queries = statements.map(({ query, params }) => ({ query, params: [...params] }))
    await client.batch(queries, { prepare: true, logged: false })
  }
}

function mutations(statements: readonly Statement[]): Statement[][] {
  const portions: Statement[][] = []
  let portion: Statement[] = []
  let bytes = 0
  for (const statement of statements) {
    let size = 64
    for (const param of statement.params) if (Buffer.isBuffer(param)) size += param.length
    if (portion.length > 0 && (bytes + size > MUTATION_BYTES_MAX || portion.length === STATEMENTS_MAX)) {
      portions.push(portion)
      portion = []
      bytes = 0
    }
    portion.push(statement)
    bytes += size
  }
  portions.push(portion)
  return portions
}

/** Runs over the items with at most `limit` under way. After a fault no other is begun, and those under way are awaited. */
async function atOnce<Item>(limit: number, items: readonly Item[], run: (item: Item) => Promise<void>): Promise<void> {
  let next = 0
  let failed = false
  const worker = async () => {
    while (next < items.length && !failed) {
      try {
        await run(items[next++]!)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const outcomes = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, worker))
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}
