import { slotOf } from '@chat4all/protocol'
import type { Recorder } from '../history/history-file.js'
import type { Random } from '../random.js'
import { type Population, type PopulationSize, planPopulation } from './conversation-plan.js'
import { Device } from './device.js'
import type { Request, TextRequest } from './request.js'
import { type Credentials, RestClient } from './rest-client.js'
import { SdkDevice } from './sdk-device.js'

/**
 * What the users of a run do, at a bounded rate: they send, alone and in bursts, send again what was answered long ago
 * or not yet, the same way or another, read, mark, come and go.
 */

const TICK_MS = 20
const BURST_MAX = 8
/** How many acknowledged messages are kept to be repeated later, however old. */
const REPEATABLE_MAX = 5_000
/** A message that waits longer than this may be sent over REST too, by an impatient user. */
const IMPATIENT_AFTER_MS = 1_500
/** Shares of what is not a plain send. */
const SHARE = {
  overRest: 0.05,
  repeat: 0.05,
  conflict: 0.01,
  page: 0.03,
  mark: 0.06,
  askCursors: 0.02,
  membership: 0.004,
  reconnect: 0.003,
} as const

export interface WorkloadOptions {
  readonly size: PopulationSize
  readonly messagesPerSecond: number
  readonly credentials: Credentials
  readonly edges: ReadonlyMap<string, number>
  readonly recorder: Recorder
  readonly random: Random
}

interface Talk {
  readonly id: string
  readonly kind: 'private' | 'group'
  readonly members: readonly string[]
  readonly admin: string
  readonly visitors: readonly string[]
}

export class Workload {
  readonly devices: Device[] = []
  readonly sdkDevices: SdkDevice[] = []
  readonly talks: Talk[] = []
  readonly rest: RestClient
  private readonly options: WorkloadOptions
  private readonly random: Random
  private readonly recorder: Recorder
  private readonly population: Population
  private readonly acknowledged: TextRequest[] = []
  /** Unanswered messages that were also sent over REST. */
  private readonly hurried = new Set<string>()
  private readonly calls = new Set<Promise<unknown>>()
  private timer: NodeJS.Timeout | undefined
  private owed = 0
  private tickedAt = 0
  private texts = 0

  constructor(options: WorkloadOptions) {
    this.options = options
    this.random = options.random.fork('workload')
    this.recorder = options.recorder
    this.population = planPopulation(options.size, options.random.fork('population'))
    this.rest = new RestClient(options.edges, options.recorder)
  }

  /** Makes the conversations, and connects everybody. */
  async setUp(): Promise<void> {
    const { credentials, edges, recorder, random } = this.options
    await this.rest.signIn(credentials)
    const edgeNames = [...edges.keys()]
    for (const planned of this.population.conversations) {
      const { kind, members, admin } = planned
      const id = await this.rest.createConversation(this.random.pick(edgeNames), kind, members, [admin])
      this.talks.push({ ...planned, id })
      const slot = slotOf(id as never)
      recorder.record({ type: 'conversation', at: recorder.now(), conversation: id, slot, kind, members })
    }
    for (const user of [...this.population.users, ...this.population.visitors]) {
      const token = await this.rest.token(credentials, user)
      const name = `${user}/raw`
      const onSent = (request: Request) => this.remember(request)
      this.devices.push(new Device({ name, user, token, edges, recorder, random: random.fork(name), onSent }))
    }
    for (const [index, user] of this.population.sdkUsers.entries()) {
      const token = await this.rest.token(credentials, user)
      const edge = edgeNames[index % edgeNames.length]!
      const name = `${user}/sdk`
      const device = new SdkDevice({ name, user, token, edge, port: edges.get(edge)!, recorder })
      this.sdkDevices.push(device)
      await device.connect()
    }
  }

  start(): void {
    this.tickedAt = this.recorder.now()
    this.timer = setInterval(() => this.tick(), TICK_MS)
  }

  /** Nothing new is begun; what is under way goes on. */
  stop(): void {
    clearInterval(this.timer)
    this.timer = undefined
  }

  async close(): Promise<void> {
    this.stop()
    for (const device of this.devices) device.close()
    await Promise.all(this.sdkDevices.map((device) => device.close()))
  }

  /** One message in each conversation by each of its members' devices: whoever lives on hears it. */
  sayEverywhere(): void {
    for (const talk of this.talks) {
      const device = this.deviceIn(talk)
      if (device !== undefined) this.say(device, talk)
    }
  }

  /** What has not come to rest: unanswered requests, devices without a session, conversations not heard to the end. */
  unfinished(heads: ReadonlyMap<string, number>): string[] {
    const open: string[] = []
    for (const device of this.devices) {
      if (!device.ready) open.push(`${device.name} has no session`)
      for (const { request } of device.unanswered) open.push(`${device.name} waits for an answer to ${request.id}`)
      for (const conversation of device.memberOf) {
        const head = heads.get(conversation) ?? 0
        const had = device.hadUpTo(conversation)
        if (had < head) open.push(`${device.name} heard ${conversation} up to ${had}, and it goes to ${head}`)
      }
    }
    for (const device of this.sdkDevices) {
      if (!device.ready) open.push(`${device.name} has no session`)
      if (device.unanswered > 0) open.push(`${device.name} waits for ${device.unanswered} answers`)
      for (const { id, members } of this.talks) {
        const head = heads.get(id) ?? 0
        if (members.includes(device.user) && device.hadUpTo(id) < head)
          open.push(`${device.name} heard ${id} up to ${device.hadUpTo(id)}, and it goes to ${head}`)
      }
    }
    if (this.calls.size > 0) open.push(`${this.calls.size} REST calls wait for an answer`)
    return open
  }

  // --- what is done ------------------------------------------------------------------------------------------------

  private tick(): void {
    const now = this.recorder.now()
    this.owed += ((now - this.tickedAt) / 1000) * this.options.messagesPerSecond
    this.tickedAt = now
    // What a pause of this process left undone is not caught up: the rate is bounded.
    this.owed = Math.min(this.owed, this.options.messagesPerSecond)
    while (this.owed >= 1) this.owed -= this.act()
    this.hurry(now)
  }

  /** Does something; tells how many messages it was. */
  private act(): number {
    const { random } = this
    const talk = random.pick(this.talks)
    if (random.chance(SHARE.reconnect)) random.pick(this.devices).reconnect()
    if (random.chance(SHARE.membership)) this.changeMembers()
    if (random.chance(SHARE.mark)) this.mark(talk)
    if (random.chance(SHARE.page)) this.readPage(talk)
    if (random.chance(SHARE.askCursors)) this.askCursors(talk)
    if (random.chance(SHARE.conflict)) this.conflict()
    if (random.chance(SHARE.repeat)) {
      this.repeat()
      return 1
    }
    const sdk = this.sdkDevices.find((device) => talk.members.includes(device.user) && random.chance(0.2))
    if (sdk !== undefined) {
      if (!sdk.isMember(talk.id)) return 1
      sdk.send(talk.id, crypto.randomUUID(), this.text())
      if (random.chance(0.1)) sdk.markRead(talk.id)
      return 1
    }
    const device = this.deviceIn(talk)
    if (device === undefined) return 1
    if (random.chance(SHARE.overRest)) {
      this.overRest(this.newText(device.user, talk.id), false)
      return 1
    }
    const count = random.chance(0.1) ? 1 + random.below(BURST_MAX) : 1
    for (let i = 0; i < count; i++) this.say(device, talk)
    return count
  }

  private say(device: Device, talk: Talk): void {
    device.request(this.newText(device.user, talk.id))
  }

  private newText(user: string, conversation: string): TextRequest {
    return { kind: 'text', conversation, id: crypto.randomUUID(), user, text: this.text() }
  }

  private text(): string {
    return `text ${++this.texts} ${'x'.repeat(this.random.below(200))}`
  }

  private deviceIn(talk: Talk): Device | undefined {
    const inside = this.devices.filter((device) => device.memberOf.has(talk.id))
    return inside.length === 0 ? undefined : this.random.pick(inside)
  }

  private remember(request: Request): void {
    this.hurried.delete(request.id)
    if (request.kind !== 'text') return
    // Those of visitors may be refused later, when they are members no more.
    if (request.user.startsWith('visitor-')) return
    if (this.acknowledged.length < REPEATABLE_MAX) this.acknowledged.push(request)
    else this.acknowledged[this.random.below(REPEATABLE_MAX)] = request
  }

  /** Sends again what is stored since a second, or since minutes, through any edge or over REST. */
  private repeat(): void {
    if (this.acknowledged.length === 0) return
    const request = this.random.chance(0.5) ? this.acknowledged.at(-1)! : this.random.pick(this.acknowledged)
    if (this.random.chance(0.5)) return this.overRest(request, true)
    const device = this.devices.find(({ user }) => user === request.user)
    // One message at a time has an id: a device that still waits for the answer asks once.
    if (device?.unanswered.every((outgoing) => outgoing.request.id !== request.id)) device.requestAgain(request)
  }

  private conflict(): void {
    if (this.acknowledged.length === 0) return
    const request = this.random.pick(this.acknowledged)
    this.begin(this.rest.post(this.anyEdge(), { ...request, text: `${request.text} no more` }, true, true))
  }

  private overRest(request: TextRequest, again: boolean): void {
    this.begin(
      this.rest.post(this.anyEdge(), request, again).then((seq) => {
        if (seq !== undefined) this.remember(request)
      }),
    )
  }

  /** What a device waits for too long is sent over REST as well: the oldest only, so that order can still be asked for. */
  private hurry(now: number): void {
    for (const device of this.devices) {
      const oldest = device.unanswered[0]
      if (oldest === undefined || now - oldest.since < IMPATIENT_AFTER_MS) continue
      const { request } = oldest
      if (request.kind !== 'text' || this.hurried.has(request.id) || !this.random.chance(0.1)) continue
      this.hurried.add(request.id)
      this.begin(this.rest.post(this.anyEdge(), request, oldest.handedOver))
    }
  }

  private mark(talk: Talk): void {
    const device = this.deviceIn(talk)
    if (device === undefined) return
    const delivered = device.hadUpTo(talk.id)
    if (delivered === 0) return
    const read = this.random.below(delivered + 1)
    if (this.random.chance(0.3)) this.begin(this.rest.mark(this.anyEdge(), device.user, talk.id, delivered, read))
    else device.mark(talk.id, delivered, read)
  }

  private readPage(talk: Talk): void {
    const device = this.deviceIn(talk)
    if (device === undefined) return
    const had = device.hadUpTo(talk.id)
    const back = this.random.chance(0.5)
    this.begin(device.readPage(talk.id, back ? { before: had + 1 } : { since: Math.max(0, had - 20) }))
  }

  private askCursors(talk: Talk): void {
    const device = this.deviceIn(talk)
    if (device === undefined || this.random.chance(0.5)) this.begin(this.rest.askCursors(this.anyEdge(), talk.id))
    else this.begin(device.askCursors())
  }

  private changeMembers(): void {
    const visited = this.talks.filter(({ visitors }) => visitors.length > 0)
    if (visited.length === 0) return
    const talk = this.random.pick(visited)
    const visitor = this.random.pick(talk.visitors)
    const admin = this.devices.find(({ user }) => user === talk.admin)
    const inside = this.devices.find(({ user }) => user === visitor)?.memberOf.has(talk.id) === true
    admin?.request({
      kind: 'members',
      conversation: talk.id,
      id: crypto.randomUUID(),
      user: talk.admin,
      add: inside ? [] : [visitor],
      remove: inside ? [visitor] : [],
    })
  }

  private anyEdge(): string {
    return this.random.pick([...this.options.edges.keys()])
  }

  private begin(call: Promise<unknown>): void {
    this.calls.add(call)
    void call.finally(() => this.calls.delete(call))
  }
}
