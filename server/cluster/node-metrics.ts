/** What a shard-node's own metrics say that nobody else knows. */
export interface NodeMetrics {
  readonly messagesCommitted: number
  readonly viewLagBytes: number
  /** Committed entries that the slowest of those it publishes to does not have yet. */
  readonly publishLagEntries: number | undefined
  /** Of edges, and of other shard-nodes that slots are handed to or from. */
  readonly links: number
  readonly depositions: number
  readonly handoffs: Handoffs
}

/** Slots handed to other nodes since the process started, and how long their requests waited. */
export interface Handoffs {
  readonly count: number
  /** So many milliseconds at most, as finely as the histogram's buckets tell; null: more than the largest. */
  readonly pauseMsP50: number | null
  readonly pauseMsP99: number | null
}

const REQUEST_MS_MAX = 2_000

/** Rejects with the reason, in words for people, when the node gives none. */
export async function readNodeMetrics(http: string, token: string): Promise<NodeMetrics> {
  const response = await fetch(`${http}/metrics`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(REQUEST_MS_MAX),
  }).catch((error: Error) => {
    throw new Error(error.name === 'TimeoutError' ? `no answer within ${REQUEST_MS_MAX} ms` : reasonOf(error))
  })
  if (!response.ok) throw new Error(`it answered ${response.status}; is CHAT4ALL_METRICS_TOKEN the node's?`)
  return parseNodeMetrics(await response.text())
}

/** What `fetch` met stands in its cause. */
function reasonOf({ message, cause }: Error): string {
  return cause instanceof Error && cause.message !== '' ? cause.message : message
}

export function parseNodeMetrics(text: string): NodeMetrics {
  const samples = [...text.matchAll(/^([a-z0-9_]+)(?:\{([^}]*)\})? (\S+)$/gm)]
  const value = (name: string): number | undefined => {
    const found = samples.find(([, of]) => of === name)?.[3]
    return found === undefined ? undefined : Number(found)
  }
  const buckets = samples
    .filter(([, of]) => of === 'chat4all_handoff_pause_seconds_bucket')
    .map(([, , labels, count]) => ({
      upTo: Number(/le="([^"]+)"/.exec(labels ?? '')?.[1]?.replace('+Inf', 'Infinity')),
      count: Number(count),
    }))
    .sort((a, b) => a.upTo - b.upTo)
  const count = buckets.at(-1)?.count ?? 0
  const quantile = (part: number): number | null => {
    const { upTo } = buckets.find((bucket) => bucket.count >= part * count) ?? { upTo: Number.POSITIVE_INFINITY }
    return count === 0 || upTo === Number.POSITIVE_INFINITY ? null : upTo * 1_000
  }
  return {
    messagesCommitted: value('chat4all_messages_committed_total') ?? 0,
    viewLagBytes: value('chat4all_view_lag_bytes') ?? 0,
    publishLagEntries: value('chat4all_publication_lag_entries'),
    links: value('chat4all_links') ?? 0,
    depositions: value('chat4all_depositions_total') ?? 0,
    handoffs: { count, pauseMsP50: quantile(0.5), pauseMsP99: quantile(0.99) },
  }
}
