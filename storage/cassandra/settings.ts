import type { Client } from 'cassandra-driver'

/** What this Cassandra's settings can lose or slow down, in words for an operator. Empty when all is as it should be. */
export async function settingsAtRisk(client: Client): Promise<string[]> {
  const { rows } = await client.execute(
    "SELECT name, value FROM system_views.settings WHERE name IN ('commitlog_sync', 'paxos_variant')",
    [],
    { prepare: false, consistency: 1 },
  )
  const settings = new Map<string, string>(rows.map((row) => [row.name as string, row.value as string]))
  const risks: string[] = []
  if (settings.get('commitlog_sync') === 'periodic') {
    risks.push(
      'commitlog_sync is "periodic": Cassandra acknowledges before it writes to disk, so a power cut of a quorum can lose acknowledged messages of the last seconds. Set commitlog_sync: group (or batch).',
    )
  }
  if (settings.get('paxos_variant') === 'v1') {
    risks.push('paxos_variant is "v1": compare-and-set takes twice the round trips. Set paxos_variant: v2.')
  }
  return risks
}
