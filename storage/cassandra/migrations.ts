import { createHash, randomUUID } from 'node:crypto'
import { type Client, types } from 'cassandra-driver'

/**
 * The tables. A step, once released, is never changed: a new one is added. What safety asks of them (design §4): cells
 * of logs and entries are only ever written with one value; `log_ends`, `slots` and `records`, which compare-and-set
 * writes, are never touched by plain writes; what plain writes change or delete carries timestamps that follow from its
 * content.
 */
const STEPS: readonly string[] = [
  'CREATE TABLE IF NOT EXISTS logs (log text PRIMARY KEY, opened boolean, sealed boolean)',
  'CREATE TABLE IF NOT EXISTS logs_kept (ring int, log text, PRIMARY KEY (ring, log))',
  `CREATE TABLE IF NOT EXISTS log_entries (log text, segment int, offset bigint, entry blob, PRIMARY KEY ((log, segment), offset))
   WITH compaction = {'class': 'TimeWindowCompactionStrategy', 'compaction_window_unit': 'HOURS', 'compaction_window_size': 6}
   AND compression = {'enabled': false} AND gc_grace_seconds = 3600`,
  'CREATE TABLE IF NOT EXISTS log_ends (log text PRIMARY KEY, end bigint)',
  'CREATE TABLE IF NOT EXISTS log_cursors (log text, view_name text, cursor bigint, PRIMARY KEY (log, view_name))',
  'CREATE TABLE IF NOT EXISTS slots (ring int, slot int, epoch bigint, log text, node text, PRIMARY KEY (ring, slot))',
  'CREATE TABLE IF NOT EXISTS messages (conversation text, bucket int, first_seq bigint, encoded blob, PRIMARY KEY ((conversation, bucket), first_seq)) WITH gc_grace_seconds = 86400',
  'CREATE TABLE IF NOT EXISTS message_ids (conversation text, bucket int, message_id blob, seq bigint, PRIMARY KEY ((conversation, bucket), message_id))',
  'CREATE TABLE IF NOT EXISTS conversations (conversation text, bucket int, app text, type text, created bigint, metadata frozen<map<text, text>>, ttl int, head bigint, first bigint, PRIMARY KEY ((conversation, bucket)))',
  'CREATE TABLE IF NOT EXISTS members (conversation text, bucket int, user text, role text, present boolean, version bigint, PRIMARY KEY ((conversation, bucket), user))',
  'CREATE TABLE IF NOT EXISTS cursors (conversation text, bucket int, user text, delivered bigint, read bigint, PRIMARY KEY ((conversation, bucket), user))',
  'CREATE TABLE IF NOT EXISTS user_conversations (app text, user text, conversation text, present boolean, PRIMARY KEY ((app, user), conversation))',
  'CREATE TABLE IF NOT EXISTS records (kind text, partition_name text, key text, value blob, version bigint, PRIMARY KEY ((kind, partition_name), key))',
  'CREATE TABLE IF NOT EXISTS receipts (conversation text, bucket int, user text, kind text, upto bigint, time bigint, PRIMARY KEY ((conversation, bucket), user, kind, upto))',
  // Entries are deleted soon after they were written, all at two timestamps: windows of time see one window (decision 0091).
  "ALTER TABLE log_entries WITH compaction = {'class': 'LeveledCompactionStrategy'}",
]

const LOCK_SECONDS = 60
const LOCK_POLL_MS = 200

export interface Keyspace {
  readonly keyspace: string
  readonly localDataCenter: string
  readonly replicationFactor: number
}

/**
 * Makes the keyspace and the tables that are missing. Several nodes may start at once: one does it, the rest wait. One
 * that dies at it is followed by another when its lock has run out.
 */
export async function migrate(
  client: Client,
  { keyspace, localDataCenter, replicationFactor }: Keyspace,
): Promise<void> {
  if (!/^[a-z][a-z0-9_]{0,47}$/.test(keyspace))
    throw new Error(`the keyspace "${keyspace}" is not a name of lower-case letters, digits and _`)
  const run = (query: string) => client.execute(query, [], { prepare: false })
  await run(
    `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = {'class': 'NetworkTopologyStrategy', '${localDataCenter}': ${replicationFactor}} AND durable_writes = true`,
  )
  // Nothing can lock the table of the lock. Made by two at once it would be two tables of one name, if its id did not
  // follow from its name.
  await run(
    `CREATE TABLE IF NOT EXISTS ${keyspace}.schema_steps (id int PRIMARY KEY, steps int, holder text) WITH ID = ${idOf(keyspace)}`,
  )
  if ((await stepsDone(client, keyspace)) >= STEPS.length) return

  const holder = randomUUID()
  const lock = `INSERT INTO ${keyspace}.schema_steps (id, holder) VALUES (1, '${holder}') IF NOT EXISTS USING TTL ${LOCK_SECONDS}`
  while (!(await run(lock)).wasApplied()) {
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS))
    if ((await stepsDone(client, keyspace)) >= STEPS.length) return
  }
  try {
    for (let step = await stepsDone(client, keyspace); step < STEPS.length; step++) {
      const kept = `UPDATE ${keyspace}.schema_steps USING TTL ${LOCK_SECONDS} SET holder = '${holder}' WHERE id = 1 IF holder = '${holder}'`
      if (!(await run(kept)).wasApplied()) throw new Error('another node took over making the tables')
      await run(STEPS[step]!.replace(/^(CREATE TABLE IF NOT EXISTS|ALTER TABLE) /, `$1 ${keyspace}.`))
      await run(
        `UPDATE ${keyspace}.schema_steps SET steps = ${step + 1} WHERE id = 0 IF steps = ${step === 0 ? 'null' : step}`,
      )
    }
  } finally {
    await run(`DELETE FROM ${keyspace}.schema_steps WHERE id = 1 IF holder = '${holder}'`)
  }
}

function idOf(keyspace: string): string {
  const hex = createHash('sha256').update(`chat4all schema_steps of ${keyspace}`).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  )
}

async function stepsDone(client: Client, keyspace: string): Promise<number> {
  const { rows } = await client.execute(`SELECT steps FROM ${keyspace}.schema_steps WHERE id = 0`, [], {
    prepare: false,
    consistency: types.consistencies.localSerial,
  })
  return (rows[0]?.steps as number | undefined) ?? 0
}
