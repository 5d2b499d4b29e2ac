import { join } from 'node:path'
import { type NodeLogEvents, type NodeLogs, openNodeLogEvents } from '@chat4all/storage'
import type { RoleContext } from './role.js'
import type { Teardown } from './teardown.js'

/** The event stream of a process that has no Kafka: groups that read the logs in its data folder. */
export async function openEventGroups(
  { config, logger }: RoleContext,
  logs: NodeLogs,
  teardown: Teardown,
): Promise<NodeLogEvents> {
  const groups = await openNodeLogEvents({
    logs,
    path: join(config.dataDir, 'event-groups.json'),
    onDropped: (dropped) =>
      logger.error(dropped, 'a group of the event stream did not follow and was dropped: events are lost to it'),
    onRejected: ({ group, error }) =>
      logger.warn({ group, reason: (error as Error).message }, 'events were not taken; they come again'),
  })
  teardown.add(() => groups.close())
  return groups
}
