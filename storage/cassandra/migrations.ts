import { randomUUID } from 'node:crypto'
import type { Client } from 'cassandra-driver'

/**
 * The tables. A step, once released, is never changed: a new one is added. What safety asks of them (design §4): cells
 * of logs and entries are only ever written with one value; `log_ends`, `slots` and `records`, which compare-and-set
 * writes, are never touched by plain writes; views carry timestamps that follow from their content.
 */
const STEPS: readonly string[] = [
  'CREATE TABLE IF NOT EXISTS logs (log text PRIMARY KEY, opened boolean, sealed boolean, dropped boolean)',
  `CREATE TABLE IF NOT EXISTS log_entries (log text, segment int, offset bigint, entry blob, PRIMARY KEY ((log, segment), offset))
   WITH compaction = {'class': 'TimeWindowCompactionStrategy', 'compaction_window_unit': 'HOURS', 'compaction_window_size': 6}
   AND compression = {'enabled': false} AND gc_grace_seconds = 3600`,
  'CREATE TABLE IF NOT EXISTS log_ends (log text PRIMARY KEY, end bigint)',
  'CREATE TABLE IF NOT EXISTS log_cursors (log text, view_name text, cursor bigint, PRIMARY KEY (log, view_name))',
  'CREATE TABLE IF NOT EXISTS slots (ring int, slot int, epoch bigint, log text, node text, PRIMARY KEY (ring, slot))',
  `CREATE TABLE IF NOT EXISTS messages (conversation text, bucket int, seq bigint, message blob, expires bigint, PRIMARY KEY ((conversation, bucket), seq))
   WITH CLUSTERING ORDER BY (seq ASC)`,
  'CREATE TABLE IF NOT EXISTS message_ids (conversation text, message_id blob, seq bigint, PRIMARY KEY (conversation, message_id))',
  'CREATE TABLE IF NOT EXISTS conversations (conversation text PRIMARY KEY, app text, type text, created bigint, metadata map<text, text>, ttl int, head bigint)',
  'CREATE TABLE IF NOT EXISTS members (conversation text, user text, role text, present boolean, version bigint, PRIMARY KEY (conversation, user))',
  'CREATE TABLE IF NOT EXISTS cursors (conversation text, user text, delivered bigint, read bigint, PRIMARY KEY (conversation, user))',
  'CREATE TABLE IF NOT EXISTS user_conversations (app text, user text, conversation text, present boolean, PRIMARY KEY ((app, user), conversation))',
  'CREATE TABLE IF NOT EXISTS records (kind text, partition_name text, key text, value blob, version bigint, PRIMARY KEY ((kind, partition_name), key))',
]

const LOCK_SECONDS = 60
const LOCK_POLL_MS = 200

/** Makes the keyspace and the tables that are missing. Several nodes may start at once: one does it, the rest wait. */
export async function migrate(
  client: Client,
  {
    keyspace,
    localDataCenter,
    replicationFactor,
  }: { keyspace: string; localDataCenter: string; replicationFactor: number },
): Promise<void> {
  if (!/^[a-z][a-z0-9_]{0,47}$/.test(keyspace))
    throw new Error(`the keyspace "${keyspace}" is not a name of lower-case letters, digits and _`)
  const plain = { prepare: false }
  await client.execute(
    `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = {'class': 'NetworkTopologyStrategy', '${localDataCenter}': ${replicationFactor}} AND durable_writes = true`,
    [],
    plain,
  )
  await client.execute(
    `CREATE TABLE IF NOT EXISTS ${keyspace}.schema_steps (id int PRIMARY KEY, steps int, holder text)`,
    [],
    plain,
  )
  if ((await stepsDone(client, keyspace)) >= STEPS.length) return

  const holder = randomUUID()
  const lock = `INSERT INTO ${keyspace}.schema_steps (id, holder) VALUES (1, '${holder}') IF NOT EXISTS USING TTL ${LOCK_SECONDS}`
  while (!(await client.execute(lock, [], plain)).wasApplied())
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS))
  try {
    for (let step = await stepsDone(client, keyspace); step < STEPS.length; step++) {
      await client.execute(STEPS[step]!.replace('IF NOT EXISTS ', `IF NOT EXISTS ${keyspace}.`), [], plain)
      await client.execute(
        `INSERT INTO ${keyspace}.schema_steps (id, steps) VALUES (0, ${step + 1}) IF NOT EXISTS`,
        [],
        plain,
      )
      await client.execute(
        `UPDATE ${keyspace}.schema_steps SET steps = ${step + 1} WHERE id = 0 IF steps != ${step + 1}`,
        [],
        plain,
      )
    }
  } finally {
    await client.execute(`DELETE FROM ${keyspace}.schema_steps WHERE id = 1 IF holder = '${holder}'`, [], plain)
  }
}

async function stepsDone(client: Client, keyspace: string): Promise<number> {
  const { rows } = await client.execute(`SELECT steps FROM ${keyspace}.schema_steps WHERE id = 0`, [], {
    prepare: false,
  })
  return (rows[0]?.steps as number | undefined) ?? 0
}
