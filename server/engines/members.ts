import { type ConsulMembers, consulMembers, type Members, staticMembers } from '@chat4all/router'
import { version } from '../process/version.js'
import type { RoleContext } from '../roles/role.js'
import type { Teardown } from '../roles/teardown.js'
import type { Engine, EngineHealth } from './engine-health.js'

export interface ClusterMembers {
  readonly members: Members
  /** The same, where Consul has them. */
  readonly consul: ConsulMembers | undefined
}

/** Who is in the cluster: what Consul says, or a fixed list. Nobody waits for Consul: it is followed once it answers. */
export function openMembers({ config }: RoleContext, health: EngineHealth, teardown: Teardown): ClusterMembers {
  if (config.consul === undefined) return { members: staticMembers(config.members!), consul: undefined }
  const engine: Engine = { name: 'Consul', where: config.consul }
  health.back(engine)
  const consul = consulMembers({
    url: config.consul,
    token: config.consulToken,
    cluster: config.cluster,
    version: version(),
    onAway: (error) => health.away(engine, error.message, 'what was known last stands, and no slot moves'),
    onBack: () => health.back(engine),
  })
  teardown.add(() => consul.close())
  return { members: consul, consul }
}
