import type { EdgeId, EdgeLinkFrame, LogId, Millis, NodeId, NodeLinkFrame, Offset, Seq, Slot } from '@chat4all/protocol'
import { desiredOwners, type Link, type LinkHandler, type Member } from '@chat4all/router'
import type { StoredConversation, StoredMessage } from '@chat4all/storage'
import { type Effect, type LinkId, SHARD_DEFAULTS, ShardNodeCore } from '../core/index.js'
import { AbandonedLogs } from './abandoned-logs.js'
import { isFatal } from './fatal.js'
import { inTurn } from './in-turn.js'
import { newLogName, nodeOfLog } from './log-name.js'
import type { ShardNode, ShardNodeOptions } from './options.js'
import { PeerLinks } from './peer-links.js'
import { Publications } from './publications.js'
import { RecoveryDriver } from './recovery-driver.js'

/** Milliseconds between ticks of the core. */
const TICK_MS = 50
/** How often others are told which slots are served here, while slots move one by one: it reaches every process. */
const HINT_MS = 250
/** Failed calls are made again after this long, doubling up to the maximum. */
const RETRY_MS_MIN = 20
const RETRY_MS_MAX = 2_000
/** How long handing all slots over may take at the end, and how long the weight 0 takes to be heard of. */
const DRAIN_MS = 40_000
const WEIGHT_HEARD_MS = 2_000
/** How long the end of a node waits until an event stream has what it committed. */
const PUBLISH_MS = 3_000
const SWEEP_MS = 5_000
const SWEEP_BATCHES = 1_000

/** Starts a shard-node: the core, and the I/O that it asks for. Resolves when it listens; slots come as they are claimed. */
export async function startShardNode(options: ShardNodeOptions): Promise<ShardNode> {
  const driver = new Driver(options)
  await driver.start()
  return driver
}

class Driver implements ShardNode {
  readonly node: NodeId
  address = ''
  private readonly options: ShardNodeOptions
  private readonly core: ShardNodeCore
  private readonly recovery: RecoveryDriver
  private readonly publications: Publications
  private readonly abandoned: AbandonedLogs
  private readonly links = new Map<LinkId, { readonly edge: EdgeId; readonly link: Link<NodeLinkFrame> }>()
  private readonly peers: PeerLinks | undefined
  private readonly outgoing = new Map<LinkId, NodeLinkFrame[]>()
  private nextLink = 1
  private turnScheduled = false
  /** A turn is due for what gathers. */
  private gathering = false
  private stopped = false
  /** The last save of the view's cursor is over. */
  private cursorSaved: Promise<void> = Promise.resolve()
  private ticker: NodeJS.Timeout | undefined
  private sweeper: NodeJS.Timeout | undefined
  private unwatch: () => void = () => {}
  /** Slots given to this node by the ring, and members that would take slots from it. */
  private desiredHere = 0
  private others = 0
  private servingNews: readonly Slot[] | undefined
  private hintedAt = Number.NEGATIVE_INFINITY
  private readonly now: () => Millis

  constructor(options: ShardNodeOptions) {
    this.options = options
    this.node = options.node
    this.now = (options.now ?? Date.now) as () => Millis
    this.core = new ShardNodeCore({ ...SHARD_DEFAULTS, ...options.config, node: options.node })
    this.peers =
      options.dialer &&
      new PeerLinks(options.dialer, {
        frames: (node, frames) => this.input(() => this.core.peerFrames(node, frames, this.now())),
        closed: (node) => this.input(() => this.core.peerLost(node, this.now())),
      })
    this.publications = new Publications({ ...options, now: this.now })
    this.abandoned = new AbandonedLogs({
      ...options,
      recover: (log) => this.input(() => this.core.logsAbandoned([log], this.now())),
      drop: (log) => this.publications.drop(log),
    })
    this.recovery = new RecoveryDriver(
      {
        ...options,
        onRecovered: (log, end) => {
          this.publications.logEnded(log, end)
          return this.publications.drop(log)
        },
        onFatal: (error) => this.fail(error),
      },
      (log, outcome, asked) => this.input(() => this.core.recoveryStep(log, outcome, this.now(), asked)),
    )
  }

  get serving(): number {
    return this.core.serving.length
  }

  async start(): Promise<void> {
    const { listener, members, node, weight } = this.options
    const { address } = await listener.listen((edge, link) => this.accept(edge, link))
    this.address = address
    await this.incarnate()
    this.unwatch = members.watch((all) => this.membersChanged(all))
    await members.join({ node, address, weight: weight ?? 1 })
    this.ticker = setInterval(() => this.tick(), TICK_MS)
    this.sweeper = setInterval(() => void this.sweep(), SWEEP_MS)
    this.sweeper.unref()
  }

  private async incarnate(): Promise<void> {
    // Nodes may share a store: only this node's own logs are certain to be dead.
    const oldLogs = (await this.options.logs.list()).filter((log) => nodeOfLog(log) === this.node)
    const log = newLogName(this.node, this.now())
    this.publications.start(log)
    this.input(() => this.core.start(log, oldLogs, this.now()))
  }

  private membersChanged(all: readonly Member[]): void {
    const desired = desiredOwners(all)
    this.desiredHere = desired.filter((owner) => owner === this.node).length
    this.others = all.filter(({ node, weight }) => node !== this.node && weight > 0).length
    this.peers?.membersChanged(all)
    this.publications.membersChanged(all)
    this.abandoned.membersChanged(all)
    this.input(() =>
      this.core.membersChanged(
        all.map(({ node }) => node),
        desired,
        this.now(),
      ),
    )
  }

  private accept(edge: EdgeId, link: Link<NodeLinkFrame>): LinkHandler<EdgeLinkFrame> {
    const id = this.nextLink++ as LinkId
    this.links.set(id, { edge, link })
    this.core.linkOpened(id, edge, this.now())
    this.options.events.linkOpened(edge)
    return {
      frames: (frames) => {
        this.core.frames(id, frames, this.now())
        if (link.wholeTurns === true) this.turn()
        else this.scheduleTurn()
      },
      closed: (reason) => {
        this.links.delete(id)
        this.options.events.linkClosed(edge, reason)
        this.input(() => this.core.linkClosed(id, this.now()))
      },
    }
  }

  /** One flush for all that comes in this turn of the event loop, from whatever sockets. */
  private scheduleTurn(): void {
    if (this.turnScheduled) return
    this.turnScheduled = true
    setImmediate(() => {
      this.turnScheduled = false
      this.turn()
    })
  }

  private input(event: () => void): void {
    event()
    this.turn()
  }

  private turn(): void {
    if (this.stopped) return
    this.core.flush(this.now())
    for (let effects = this.core.takeEffects(); effects.length > 0; effects = this.core.takeEffects()) {
      for (const effect of effects) this.perform(effect)
    }
    for (const [id, frames] of this.outgoing) this.links.get(id)?.link.send(frames)
    this.outgoing.clear()
    this.flushLater()
  }

  private flushLater(): void {
    const { flushAfterMs } = this.core
    if (flushAfterMs === undefined || this.gathering) return
    this.gathering = true
    setTimeout(() => {
      this.gathering = false
      this.turn()
    }, flushAfterMs)
  }

  private tick(): void {
    this.input(() => this.core.tick(this.now()))
    this.publications.tick()
    this.options.events.lag(this.core.lag)
    if (this.servingNews === undefined || performance.now() - this.hintedAt < HINT_MS) return
    this.hintedAt = performance.now()
    this.options.events.serving(this.servingNews.length)
    this.options.members.hint(this.node, this.servingNews)
    this.servingNews = undefined
  }

  private async sweep(): Promise<void> {
    try {
      const swept = await this.options.view.sweep(this.now(), SWEEP_BATCHES)
      if (swept > 0) this.options.events.swept(swept)
    } catch (error) {
      this.options.events.viewFailed({ what: 'sweep', error })
      if (isFatal(error)) this.fail(error)
    }
  }

  private perform(effect: Effect): void {
    const { logs, view, slots, events } = this.options
    switch (effect.type) {
      case 'send':
        return this.enqueue(effect.link, effect.frame)
      case 'invite':
        return void this.invite(effect)
      case 'committed':
        this.publications.committed(effect.offset, effect.bytes)
        return events.committed({ ...effect, now: this.now() })
      case 'open-log':
        return this.call(
          'open',
          () => logs.open(effect.log),
          () => this.core.opened(effect.log, this.now()),
        )
      case 'append':
        this.publications.appended(effect.log, effect.offset, effect.entry)
        return this.append(effect.log, effect.offset, effect.entry)
      case 'check-seal':
        return this.checkSeal(effect.log, effect.check)
      case 'load':
        return this.load(effect)
      case 'find':
        return this.question(view.find(effect.conversation, effect.messageId), 'find', (found) =>
          this.core.found(effect.token, found, this.now()),
        )
      case 'read-messages': {
        const { after, before, limit, newestFirst } = effect
        const range = { after, before, limit, newestFirst, now: this.now() }
        return this.question(view.messages(effect.conversation, range), 'messages', (found) =>
          this.core.messagesRead(effect.token, found, this.now()),
        )
      }
      case 'read-receipts':
        return this.question(view.receipts(effect.conversation, effect.seq, effect.users), 'receipts', (found) =>
          this.core.receiptsRead(effect.token, found, this.now()),
        )
      case 'list':
        return this.question(view.conversationsOf(effect.app, effect.user, effect.left), 'list', (found) =>
          this.core.listed(effect.token, found, this.now()),
        )
      case 'apply':
        return this.apply(effect)
      case 'save-cursor':
        return this.saveCursor(effect.log, effect.cursor)
      case 'read-slots':
        return this.call(
          'read',
          () => slots.read(),
          (rows) => this.core.slotsRead(effect.log, rows, this.now()),
        )
      case 'claim':
        slots.claim(effect.moves).then(
          (results) => this.input(() => this.core.claimed(effect.log, results, this.now())),
          (error) => {
            events.slotsFailed({ what: 'claim', error })
            setTimeout(() => this.input(() => this.core.claimFailed(effect.log, this.now())), RETRY_MS_MIN)
          },
        )
        return
      case 'recover':
        return this.recovery.perform(effect.log, effect.step)
      case 'tell-node':
        return this.peers?.send(effect.node, effect.frame)
      case 'handed-over':
        return events.handedOver(effect)
      case 'serving':
        // While slots move one by one, the next tick tells of all of them.
        this.servingNews = effect.slots
        return
      case 'deposed':
        events.deposed(effect.log)
        this.incarnate().catch((error) => this.fail(error as Error))
        return
    }
  }

  private enqueue(link: LinkId, frame: NodeLinkFrame): void {
    const frames = this.outgoing.get(link)
    if (frames === undefined) this.outgoing.set(link, [frame])
    else frames.push(frame)
  }

  private async invite({ app, users, frame }: Extract<Effect, { type: 'invite' }>): Promise<void> {
    for (const user of users) {
      try {
        const edges = await this.options.presence.where(app, user)
        for (const { edge, link } of this.links.values()) {
          if (edges === 'everywhere' || edges.includes(edge)) link.send([frame])
        }
        if (edges === 'everywhere') return
      } catch (error) {
        // A hint: the edge finds the conversation at its next reconcile.
        this.options.events.viewFailed({ what: 'presence', error })
      }
    }
  }

  private append(log: LogId, offset: Offset, entry: Uint8Array, retryMs = RETRY_MS_MIN): void {
    const began = performance.now()
    this.options.logs.append(log, offset, entry).then(
      () => {
        this.options.events.appendTook(performance.now() - began)
        this.input(() => this.core.appended(log, offset, this.now()))
      },
      (error) => {
        this.options.events.appendFailed({ log, offset, error })
        if (isFatal(error)) return this.fail(error)
        setTimeout(() => this.input(() => this.core.appendFailed(log, offset, this.now())), retryMs)
      },
    )
  }

  private checkSeal(log: LogId, check: number): void {
    this.options.logs.isSealed(log).then(
      (sealed) => this.input(() => this.core.sealChecked(log, check, sealed, this.now())),
      (error) => {
        this.options.events.checkFailed({ log, error })
        setTimeout(() => this.input(() => this.core.sealCheckFailed(log, check, this.now())), RETRY_MS_MIN)
      },
    )
  }

  private load({ log, conversation }: Extract<Effect, { type: 'load' }>): void {
    const { view, events } = this.options
    const lastOf = async ({ head }: StoredConversation): Promise<StoredMessage[]> => {
      // Up to the head, for who looks beyond it has to find it first.
      const range = { after: 0 as Seq, before: (head + 1) as Seq, limit: 1, newestFirst: true }
      return head === 0 ? [] : view.messages(conversation, { ...range, now: this.now() })
    }
    view
      .load(conversation)
      .then(async (stored) => {
        const last = stored === undefined ? [] : await lastOf(stored)
        this.input(() => this.core.loaded(log, conversation, stored, last.at(-1), this.now()))
      })
      .catch((error) => {
        events.viewFailed({ what: 'load', error })
        this.input(() => this.core.loadFailed(log, conversation, this.now()))
      })
  }

  private question<Found>(asked: Promise<Found>, what: string, then: (found: Found | 'failed') => void): void {
    asked.then(
      (found) => this.input(() => then(found)),
      (error) => {
        this.options.events.viewFailed({ what, error })
        this.input(() => then('failed'))
      },
    )
  }

  private apply({ log, changes, write }: Extract<Effect, { type: 'apply' }>): void {
    this.options.view.apply(changes).then(
      () => this.input(() => this.core.applied(log, write, this.now())),
      (error) => {
        this.options.events.viewFailed({ what: 'apply', error })
        if (isFatal(error)) return this.fail(error)
        setTimeout(() => this.input(() => this.core.applyFailed(log, write, this.now())), RETRY_MS_MAX / 4)
      },
    )
  }

  private saveCursor(log: LogId, cursor: Offset): void {
    const { logs, events } = this.options
    this.cursorSaved = logs
      .saveCursor(log, 'materialised', cursor)
      .then(() => this.publications.drop(log))
      .catch((error) => events.viewFailed({ what: 'save-cursor', error }))
  }

  /** A call that is made until it succeeds. */
  private call<Result>(
    what: string,
    make: () => Promise<Result>,
    then: (result: Result) => void,
    retryMs = RETRY_MS_MIN,
  ): void {
    if (this.stopped) return
    make().then(
      (result) => this.input(() => then(result)),
      (error) => {
        this.options.events.slotsFailed({ what, error })
        if (isFatal(error)) return this.fail(error)
        setTimeout(() => this.call(what, make, then, Math.min(retryMs * 2, RETRY_MS_MAX)), retryMs)
      },
    )
  }

  private fail(error: Error): void {
    if (this.stopped) return
    this.stopped = true
    clearInterval(this.ticker)
    clearInterval(this.sweeper)
    this.options.onFatal(error)
  }

  /** Gives every slot away, if somebody is there to take them. What is left then is recovered by the others. */
  private async drain(): Promise<void> {
    if (this.peers === undefined || this.others === 0) return
    const { members, drainMs } = this.options
    await members.join({ node: this.node, address: this.address, weight: 0 })
    const until = performance.now() + (drainMs ?? DRAIN_MS)
    // Members that are a fixed list never hear of the weight: nobody will ask for slots then.
    const heard = performance.now() + WEIGHT_HEARD_MS
    while (this.serving > 0 && this.others > 0 && performance.now() < until && !this.stopped) {
      if (this.desiredHere > 0 && performance.now() > heard) return
      await new Promise((resolve) => setTimeout(resolve, TICK_MS))
    }
  }

  async stop(): Promise<void> {
    if (this.stopped) return
    this.core.drain()
    await inTurn([
      () => this.drain(),
      async () => this.core.retire(),
      async () => this.unwatch(),
      () => this.abandoned.stop(),
      () => this.options.members.leave(this.node),
      () => this.settle(),
      () => this.publications.wrapUp(PUBLISH_MS),
      // Whoever stops a node closes its logs next.
      () => this.cursorSaved,
      () => this.publications.stop(),
      () => this.peers?.close(),
      () => this.options.listener.close(),
    ])
    this.options.events.stopped()
  }

  /** Brings what is acknowledged, and so in the log, into the view: that spares the next start the recovery. */
  private async settle(): Promise<void> {
    for (let waited = 0; !this.core.settled && waited < 5_000 && !this.stopped; waited += 5) {
      this.input(() => this.core.wrapUp(this.now()))
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    this.input(() => this.core.wrapUp(this.now()))
    this.stopped = true
    clearInterval(this.ticker)
    clearInterval(this.sweeper)
  }
}
