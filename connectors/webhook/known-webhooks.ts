import type { AppId } from '@chat4all/protocol'
import type { Webhook, WebhookDefinitions } from '@chat4all/storage'

/** The definitions of every app in memory, as fresh as is asked for. */
export class KnownWebhooks {
  private readonly definitions: WebhookDefinitions
  private readonly onChange: () => void
  private generation: number | undefined
  private byId = new Map<string, Webhook>()
  private byApp = new Map<AppId, Webhook[]>()
  private current: Promise<void> = Promise.resolve()
  private next: Promise<void> | undefined

  constructor(definitions: WebhookDefinitions, onChange: () => void) {
    this.definitions = definitions
    this.onChange = onChange
  }

  get(id: string): Webhook | undefined {
    return this.byId.get(id)
  }

  enabledOf(app: AppId): readonly Webhook[] {
    return this.byApp.get(app) ?? []
  }

  /** Enabled or not. */
  get count(): number {
    return this.byId.size
  }

  get enabled(): number {
    let count = 0
    for (const webhooks of this.byApp.values()) count += webhooks.length
    return count
  }

  /**
   * Resolves when everything that was defined before the call is known. Calls that come while definitions are read share
   * the next reading: the one under way may have looked too early.
   */
  refresh(): Promise<void> {
    this.next ??= this.current
      .catch(() => {})
      .then(() => {
        this.current = this.next!
        this.next = undefined
        return this.read()
      })
    return this.next
  }

  private async read(): Promise<void> {
    const generation = await this.definitions.generation()
    if (generation === this.generation) return
    const all = await this.definitions.all()
    this.byId = new Map(all.map((webhook) => [webhook.id, webhook]))
    this.byApp = new Map()
    for (const webhook of all) {
      if (!webhook.enabled) continue
      const others = this.byApp.get(webhook.app)
      if (others === undefined) this.byApp.set(webhook.app, [webhook])
      else others.push(webhook)
    }
    this.generation = generation
    this.onChange()
  }
}
