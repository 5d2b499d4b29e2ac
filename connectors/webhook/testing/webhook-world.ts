import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AppId } from '@chat4all/protocol'
import { newWebhookSecret, type Records, recordsWebhooks, type Webhook, type WebhookStore } from '@chat4all/storage'
import { openClassicLevelRecords } from '@chat4all/storage/embedded'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { createAddressGuard } from '../address-guard.js'
import { startWebhooks, type Webhooks } from '../dispatcher.js'
import { webhookEvents } from '../events.js'
import { WEBHOOK_LIMITS, type WebhookLimits } from '../limits.js'
import { createPoster, type Poster } from '../post.js'
import { ManualClock } from './manual-clock.js'
import { TestConversation, TestStream, viewOf } from './stream.js'

export const NOW = 1_800_000_000_000
export const SHOP = 'shop' as AppId

/** Everything that a webhook needs but a process: records on disk, real HTTP, time that goes when it is told to. */
export class WebhookWorld {
  readonly clock = new ManualClock(NOW)
  readonly registry = new Registry()
  stream = new TestStream()
  /** Whether a receiver keeps attempts waiting: then they take time. */
  isKeptWaiting = false
  records!: Records
  store!: WebhookStore
  private readonly limits: WebhookLimits
  private folder!: string
  private readonly conversations: TestConversation[] = []
  private running: { webhooks: Webhooks; poster: Poster }[] = []
  private webhooks = 0

  private constructor(limits: Partial<WebhookLimits>) {
    this.limits = { ...WEBHOOK_LIMITS, ...limits }
  }

  static async create(limits: Partial<WebhookLimits> = {}): Promise<WebhookWorld> {
    const world = new WebhookWorld(limits)
    world.folder = await mkdtemp(join(tmpdir(), 'chat4all-webhook-'))
    world.records = timelessRecords(
      await openClassicLevelRecords({ folder: world.folder, now: () => world.clock.now() }),
      world.clock,
    )
    world.store = recordsWebhooks(world.records, { now: () => world.clock.now() })
    return world
  }

  /** Starts a process that delivers. */
  start(given: { store?: WebhookStore; holder?: string; wrap?: (poster: Poster) => Poster } = {}): Webhooks {
    const { store = this.store, holder = 'one', wrap = (poster) => poster } = given
    const { clock, limits } = this
    const guard = createAddressGuard({
      allowHttp: true,
      ports: [[1, 65_535]],
      allowedNetworks: ['127.0.0.0/8'],
    })
    const poster = wrap(this.timelessPoster(createPoster({ guard, limits, clock })))
    const webhooks = startWebhooks({
      source: this.stream,
      view: viewOf(() => this.conversations),
      store,
      poster,
      events: webhookEvents(pino({ level: 'silent' }), this.registry),
      holder,
      limits,
      clock,
      random: () => 0.5,
    })
    this.running.push({ webhooks, poster })
    return webhooks
  }

  private timelessPoster(poster: Poster): Poster {
    return {
      post: (...given) =>
        this.isKeptWaiting ? poster.post(...given) : this.clock.timeless(() => poster.post(...given)),
      close: () => poster.close(),
    }
  }

  /** Whoever runs now ends without giving back what it claimed. */
  async silence(): Promise<void> {
    for (const { webhooks } of this.running.splice(0)) await webhooks.stop()
  }

  /** Whoever runs now never does another thing: what it waits for does not come any more. */
  killed(): void {
    this.running = []
  }

  async webhook(url: string, fields: Partial<Webhook> = {}): Promise<Webhook> {
    this.webhooks++
    const webhook: Webhook = {
      app: SHOP,
      id: `wh_${this.webhooks}`,
      url,
      description: '',
      events: undefined,
      enabled: true,
      disabledReason: undefined,
      secrets: [{ secret: newWebhookSecret(), expires: undefined }],
      created: this.clock.now(),
      updated: this.clock.now(),
      ...fields,
    }
    await this.store.definitions.create(webhook)
    return webhook
  }

  conversation(id: string, app: AppId = SHOP): TestConversation {
    const conversation = new TestConversation(app, id, () => this.clock.now())
    this.conversations.push(conversation)
    return conversation
  }

  /** Nothing waits anywhere. */
  async isDone(): Promise<boolean> {
    return this.stream.isRead && (await this.store.queue.backlogs()).length === 0
  }

  async close(): Promise<void> {
    for (const { webhooks, poster } of this.running) {
      await webhooks.stop()
      await poster.close()
    }
    await this.records.close()
    await rm(this.folder, { recursive: true })
    this.clock.restore()
  }
}

function timelessRecords(records: Records, clock: ManualClock): Records {
  return {
    get: (...given) => clock.timeless(() => records.get(...given)),
    list: (...given) => clock.timeless(() => records.list(...given)),
    put: (...given) => clock.timeless(() => records.put(...given)),
    remove: (...given) => clock.timeless(() => records.remove(...given)),
    close: () => records.close(),
  }
}
