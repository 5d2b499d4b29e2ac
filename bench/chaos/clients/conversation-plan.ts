import type { Random } from '../random.js'

/** Who talks with whom in a run: private conversations, groups, and groups whose members come and go. */

export interface PlannedConversation {
  readonly kind: 'private' | 'group'
  readonly members: readonly string[]
  /** May add and remove others. */
  readonly admin: string
  /** Users that are added and removed while the run lasts; empty: membership is fixed. */
  readonly visitors: readonly string[]
}

export interface Population {
  /** Users with a device of the raw protocol, each a witness of every frame. */
  readonly users: readonly string[]
  /** Users that are added to groups and removed from them. */
  readonly visitors: readonly string[]
  /** Users of the SDK. */
  readonly sdkUsers: readonly string[]
  readonly conversations: readonly PlannedConversation[]
}

export interface PopulationSize {
  readonly users: number
  readonly visitors: number
  readonly sdkUsers: number
  readonly privates: number
  readonly groups: number
}

const GROUP_MIN = 3
const GROUP_MAX = 6
/** Every so many groups one has visitors. */
const VISITED_EVERY = 3

export function planPopulation(size: PopulationSize, random: Random): Population {
  const names = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`)
  const users = names('user-', size.users)
  const visitors = names('visitor-', size.visitors)
  const sdkUsers = names('sdk-', size.sdkUsers)
  const conversations: PlannedConversation[] = []
  const pairs = new Set<string>()
  const pairsMax = (users.length * (users.length - 1)) / 2
  while (pairs.size < Math.min(size.privates, pairsMax)) {
    const [one, other] = shuffled(users, random).slice(0, 2).sort() as [string, string]
    if (pairs.has(`${one} ${other}`)) continue
    pairs.add(`${one} ${other}`)
    conversations.push({ kind: 'private', members: [one, other], admin: one, visitors: [] })
  }
  for (let index = 0; index < size.groups; index++) {
    const count = GROUP_MIN + random.below(GROUP_MAX - GROUP_MIN + 1)
    const chosen = shuffled(users, random).slice(0, count)
    const sdk = sdkUsers.length > 0 ? [random.pick(sdkUsers)] : []
    conversations.push({
      kind: 'group',
      members: [...chosen, ...sdk],
      admin: chosen[0]!,
      visitors: index % VISITED_EVERY === 0 ? visitors : [],
    })
  }
  return { users, visitors, sdkUsers, conversations }
}

function shuffled<T>(of: readonly T[], random: Random): T[] {
  const rest = [...of]
  const taken: T[] = []
  while (rest.length > 0) taken.push(...rest.splice(random.below(rest.length), 1))
  return taken
}
