import { type Members, staticMembers } from '@chat4all/router'
import type { ConsulMembers } from '@chat4all/router/consul'
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
export async function openMembers(
  context: RoleContext,
  health: EngineHealth,
  teardown: Teardown,
): Promise<ClusterMembers> {
  const what = 'what was known last stands, and no slot moves'
  const consul = await openConsul(context, health, teardown, what)
  return { members: consul ?? staticMembers(context.config.members!), consul }
}

/** Consul, if it is configured. `meanwhile`: what it means for this process when it is away. */
export async function openConsul(
  { config }: RoleContext,
  health: EngineHealth,
  teardown: Teardown,
  meanwhile: string,
): Promise<ConsulMembers | undefined> {
  if (config.consul === undefined) return undefined
  const { consulMembers } = await import('@chat4all/router/consul')
  const engine: Engine = { name: 'Consul', where: config.consul }
  health.back(engine)
  const consul = consulMembers({
    url: config.consul,
    token: config.consulToken,
    cluster: config.cluster,
    version: version(),
    onAway: (error) => health.away(engine, error.message, meanwhile),
    onBack: () => health.back(engine),
  })
  teardown.add(() => consul.close())
  return consul
}
