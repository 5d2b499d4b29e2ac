import type { Client, Host } from 'cassandra-driver'

/** What the driver's typings leave out of a host. */
type ClosableHost = Host & { shutdown(waitForPending: boolean): Promise<void> }

/**
 * Ends what the driver (4.10) goes on with for hosts that it forgot. Cassandras that come back together do not know each
 * other at first, so the one that is asked first names none, and the rest are removed; their pools reconnect all the
 * same, and the sockets stay beside those of the hosts that are added later, also after the client's shutdown.
 */
export function closeRemovedHosts(client: Client): void {
  client.on('hostRemove', (host: ClosableHost) => {
    host.once('up', () => void host.shutdown(false))
  })
}
