import type {
  Delivery,
  EventSource,
  Following,
  MessageView,
  StreamEvent,
  StreamEventKind,
  Webhook,
  WebhookRef,
  WebhookStore,
} from '@chat4all/storage'
import { type Clock, systemClock } from './clock.js'
import { Endpoint, type EndpointParts } from './endpoint.js'
import type { WebhookMetrics } from './events.js'
import { eventsOfStream } from './events-of-stream.js'
import { KnownWebhooks } from './known-webhooks.js'
import { WEBHOOK_LIMITS, type WebhookLimits } from './limits.js'
import type { Poster } from './post.js'
import { RecentMessages } from './recent-messages.js'
import { SuccessLog } from './success-log.js'
import { deliveryOf, isWanted, type WebhookEvent, wantsType } from './webhook-event.js'

export interface WebhooksOptions {
  readonly source: EventSource
  readonly view: MessageView
  readonly store: WebhookStore
  readonly poster: Poster
  readonly events: WebhookMetrics
  /** The name of this process among those that deliver: the same after a restart. */
  readonly holder: string
  readonly limits?: WebhookLimits
  readonly clock?: Clock
  readonly random?: () => number
}

/** Delivers events to the webhooks of every app, until it is stopped. */
export interface Webhooks {
  /** For events that are not in the stream. Resolves when each webhook that wants it has it, or it is written down. */
  tell(event: WebhookEvent): Promise<void>
  /** Attempts under way end; what is not delivered comes again after the next start. */
  stop(): Promise<void>
}

const GROUP = 'webhooks'

const TYPES_OF_KIND: Readonly<Record<StreamEventKind, readonly WebhookEvent['type'][]>> = {
  created: ['conversation.created'],
  messages: [
    'message.sent',
    'member.added',
    'member.removed',
    'conversation.changed',
    'messages.erased',
    'message.delivered',
    'message.read',
  ],
  cursors: ['message.delivered', 'message.read'],
}

/** Starts to deliver. The stream is followed from the first webhook to the last; without any it costs nothing. */
export function startWebhooks(options: WebhooksOptions): Webhooks {
  const dispatcher = new Dispatcher(options)
  dispatcher.start()
  return dispatcher
}

class Dispatcher implements Webhooks {
  private readonly source: EventSource
  private readonly store: WebhookStore
  private readonly clock: Clock
  private readonly limits: WebhookLimits
  private readonly events: WebhookMetrics
  private readonly holder: string
  private readonly parts: EndpointParts
  private readonly known: KnownWebhooks
  private readonly recent: RecentMessages
  private readonly successes: SuccessLog
  private readonly endpoints = new Map<string, Endpoint>()
  private readonly disabling = new Set<string>()
  private readonly stopping = new AbortController()
  private following: Following | undefined
  /** Nothing is kept for this group, as far as is known. */
  private forgotten = false
  private looking: Promise<void> = Promise.resolve()

  constructor({ source, view, store, poster, events, holder, ...options }: WebhooksOptions) {
    const { limits = WEBHOOK_LIMITS, clock = systemClock, random = Math.random } = options
    this.source = source
    this.store = store
    this.clock = clock
    this.limits = limits
    this.events = events
    this.holder = holder
    this.successes = new SuccessLog(store.history)
    this.recent = new RecentMessages(view, () => clock.now())
    this.known = new KnownWebhooks(store.definitions, () => this.definitionsChanged())
    this.parts = {
      store,
      poster,
      limits,
      clock,
      random,
      holder,
      events,
      taken: (webhook, delivery) => this.successes.add(webhook, delivery),
      disable: (webhook, reason) => {
        // Attempts that were under way together find out together.
        if (this.disabling.has(webhook.id)) return
        this.disabling.add(webhook.id)
        this.disable(webhook, reason)
          .catch((error: unknown) => events.failed('disabling a webhook', error))
          .finally(() => this.disabling.delete(webhook.id))
      },
    }
  }

  start(): void {
    this.looking = this.lookAround()
  }

  async tell(event: WebhookEvent): Promise<void> {
    await this.known.refresh()
    await this.handOut([event])
  }

  async stop(): Promise<void> {
    this.stopping.abort()
    await this.looking
    await this.following?.stop()
    await Promise.all([...this.endpoints.values()].map((endpoint) => endpoint.stop()))
    await this.writeSuccesses()
  }

  /** Again and again: what others changed, what others left to do. */
  private async lookAround(): Promise<void> {
    const { signal } = this.stopping
    while (!signal.aborted) {
      try {
        await this.known.refresh()
        const backlogs = await this.wakeBacklogs()
        if (this.known.count > 0) this.following ??= await this.follow()
        else await this.forget()
        this.events.holds({ webhooks: this.known.enabled, backlogs })
      } catch (error) {
        this.events.failed('looking for what is to do', error)
      }
      await this.writeSuccesses()
      await this.clock.wait(this.limits.pollMs, signal)
    }
  }

  private follow(): Promise<Following> {
    this.forgotten = false
    // From the oldest on: what was said between the first webhook's registration and now is to be told. What was before
    // its registration is not (isWanted).
    return this.source.follow(GROUP, (events) => this.onEvents(events), { startAt: 'oldest' })
  }

  /** After the last webhook nothing more is to be kept for it, or logs would be kept for ever. */
  private async forget(): Promise<void> {
    await this.following?.stop()
    this.following = undefined
    if (this.forgotten) return
    await this.source.forget(GROUP)
    this.forgotten = true
  }

  private async onEvents(events: readonly StreamEvent[]): Promise<void> {
    await this.known.refresh()
    const found: WebhookEvent[] = []
    for (const event of events) {
      const webhooks = this.known.enabledOf(event.app)
      const wants = (type: WebhookEvent['type']): boolean => webhooks.some((webhook) => wantsType(webhook, type))
      if (!TYPES_OF_KIND[event.kind].some(wants)) continue
      found.push(...(await eventsOfStream(event, wants, this.recent)))
    }
    await this.handOut(found)
  }

  private async handOut(events: readonly WebhookEvent[], except?: string): Promise<void> {
    const now = this.clock.now()
    const deliveries = new Map<Webhook, Delivery[]>()
    for (const event of events) {
      for (const webhook of this.known.enabledOf(event.app)) {
        if (webhook.id === except || !isWanted(webhook, event)) continue
        const those = deliveries.get(webhook)
        const delivery = deliveryOf(webhook, event, now)
        if (those === undefined) deliveries.set(webhook, [delivery])
        else those.push(delivery)
      }
    }
    await Promise.all([...deliveries].map(([webhook, those]) => this.endpoint(webhook).accept(those)))
  }

  private endpoint(webhook: WebhookRef): Endpoint {
    let endpoint = this.endpoints.get(webhook.id)
    if (endpoint === undefined) {
      endpoint = new Endpoint(webhook, this.known.get(webhook.id), this.parts)
      this.endpoints.set(webhook.id, endpoint)
    }
    return endpoint
  }

  private definitionsChanged(): void {
    for (const [id, endpoint] of this.endpoints) endpoint.definition = this.known.get(id)
  }

  private async wakeBacklogs(): Promise<number> {
    const backlogs = await this.store.queue.backlogs()
    const waiting = new Set(backlogs.map(({ id }) => id))
    const now = this.clock.now()
    for (const backlog of backlogs) {
      const isOthers = backlog.holder !== undefined && backlog.holder !== this.holder && backlog.until > now
      if (isOthers) this.endpoint(backlog).othersDeliver = true
      else this.endpoint(backlog).wake()
    }
    for (const [id, endpoint] of this.endpoints) {
      if (waiting.has(id)) continue
      endpoint.othersDeliver = false
      if (this.known.get(id) === undefined && endpoint.isIdle) this.endpoints.delete(id)
    }
    return backlogs.length
  }

  /** Tells the app's other webhooks first: a crash in between tells them twice rather than never. */
  private async disable(webhook: Webhook, reason: 'failing' | 'gone'): Promise<void> {
    const time = this.clock.now()
    const { app, id, url, updated } = webhook
    if (this.known.get(id)?.enabled !== true) return
    const about = { conversation: undefined, messageId: undefined, trace: undefined, time }
    const data = { webhook_id: id, url, reason, time }
    await this.handOut([{ type: 'webhook.disabled', app, key: `${id}\n${updated}`, ...about, data }], id)
    let disabled = false
    await this.store.definitions.update(webhook, (stored) => {
      disabled = stored.enabled && stored.url === url
      return disabled ? { ...stored, enabled: false, disabledReason: reason, updated: time } : undefined
    })
    if (disabled) this.events.disabled(webhook, reason)
    await this.known.refresh()
  }

  private async writeSuccesses(): Promise<void> {
    await this.successes.write().catch((error: unknown) => this.events.failed('writing what was delivered', error))
  }
}
