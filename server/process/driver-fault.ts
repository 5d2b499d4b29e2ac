/**
 * Whether a rejection that nobody handles comes from the Cassandra driver's control connection. When the host that it
 * watched vanishes while it refreshes itself, the driver (4.x) trips over its own null in the background: what it knows of
 * the cluster is then as old as that moment, requests go on over their own connections, and there is nothing to end for.
 */
export function isDriverFault(reason: unknown): boolean {
  return reason instanceof TypeError && /cassandra-driver[\\/]lib[\\/]control-connection/.test(reason.stack ?? '')
}
