import type { AppId } from '@chat4all/protocol'

/** Where an app wants to be called, and what is on its way there. Each part is durable once its promise resolves. */
export interface WebhookStore {
  readonly definitions: WebhookDefinitions
  readonly queue: DeliveryQueue
  readonly history: DeliveryHistory
}

export interface WebhookRef {
  readonly app: AppId
  readonly id: string
}

export interface Webhook extends WebhookRef {
  readonly url: string
  readonly description: string
  /** Types of events that are sent; undefined: all. */
  readonly events: readonly string[] | undefined
  readonly enabled: boolean
  /** Why nothing is sent any more, when not by the app's own wish. */
  readonly disabledReason: 'failing' | 'gone' | undefined
  /** The current one first; more while it is rotated. */
  readonly secrets: readonly WebhookSecret[]
  /** Milliseconds since 1970. Earlier events are not sent. */
  readonly created: number
  readonly updated: number
}

export interface WebhookSecret {
  /** `whsec_` and base64, as Standard Webhooks has it. */
  readonly secret: string
  /** Not used from then on; undefined: until it is rotated. */
  readonly expires: number | undefined
}

export interface WebhookDefinitions {
  /** @returns false: there is one with its id, and it stays as it is */
  create(webhook: Webhook): Promise<boolean>
  get(ref: WebhookRef): Promise<Webhook | undefined>
  /** Of one app, in the order of their ids. */
  list(app: AppId, range: { readonly after?: string; readonly limit: number }): Promise<Webhook[]>
  /**
   * Changes what is stored then; `change` may run more than once, and returns undefined to leave all as it is.
   * @returns what is stored now; undefined when there is no such webhook.
   */
  update(ref: WebhookRef, change: (stored: Webhook) => Webhook | undefined): Promise<Webhook | undefined>
  /** @returns whether there was one. */
  remove(ref: WebhookRef): Promise<boolean>
  /** Of every app. */
  all(): Promise<Webhook[]>
  /**
   * Writes secrets anew that are not encrypted with the current key, where there is one: afterwards earlier keys are not
   * needed any more. Others may change definitions meanwhile. @returns how many webhooks were written.
   */
  sealAnew(): Promise<number>
  /** Another number than before whenever a definition has changed since. Cheap: to be asked again and again. */
  generation(): Promise<number>
}

/** One event on its way to one webhook. */
export interface Delivery {
  /** The same at each attempt and after each crash; says when the event was (`timeOfDelivery`). */
  readonly id: string
  readonly event: string
  /** Deliveries of one conversation are in order; undefined: of none. */
  readonly conversation: string | undefined
  readonly messageId: string | undefined
  /** W3C traceparent of the request that posted the message. */
  readonly trace: string | undefined
  /** When the event was, milliseconds since 1970. */
  readonly time: number
  /** When it began to wait: its attempts end a fixed time later. */
  readonly queued: number
  /** The JSON that is sent, always the same bytes. */
  readonly body: string
  /** How many were made. */
  readonly attempts: number
  /** The last few of them, oldest first. */
  readonly attemptLog: readonly Attempt[]
}

export interface Attempt {
  /** 1, 2, 3 … */
  readonly number: number
  /** Milliseconds since 1970. */
  readonly at: number
  readonly tookMs: number
  /** HTTP status; undefined when no answer came. */
  readonly status: number | undefined
  /** Why it did not count as delivered. */
  readonly error: string | undefined
  /** The beginning of the answer's body. */
  readonly excerpt: string | undefined
}

/** Deliveries that stand together in one record, in order. */
export interface Chunk {
  readonly key: string
  readonly version: number
  readonly deliveries: readonly Delivery[]
}

/** A delivery that was refused while others passed: it waits by itself and holds nothing up. */
export interface Aside {
  readonly delivery: Delivery
  readonly version: number
  /** When it is attempted again, milliseconds since 1970. */
  readonly due: number
}

/** That something waits for a webhook, and which process delivers it. A hint against doing it twice, no lock. */
export interface Backlog extends WebhookRef {
  readonly version: number
  readonly holder: string | undefined
  /** Until when others leave it to the holder, milliseconds since 1970. */
  readonly until: number
  /** Since when not one attempt succeeded. */
  readonly failingSince: number | undefined
}

export interface BacklogClaim {
  readonly holder: string
  readonly until: number
  /** Left out: as it is stored. */
  readonly failingSince?: number | undefined
}

export interface DeliveryQueue {
  /** Adds deliveries behind those that wait; then a backlog is there, at another version than before. */
  append(webhook: WebhookRef, deliveries: readonly Delivery[]): Promise<void>
  /** What waits, oldest first. */
  chunks(webhook: WebhookRef, range: { readonly after?: string; readonly limit: number }): Promise<Chunk[]>
  /** Writes what is left of a chunk, with what is known of it now. @returns undefined when another did so first. */
  replaceChunk(webhook: WebhookRef, chunk: Chunk): Promise<Chunk | undefined>
  removeChunk(webhook: WebhookRef, chunk: Pick<Chunk, 'key' | 'version'>): Promise<void>

  /** Puts a delivery aside, or puts off one that is. */
  setAside(webhook: WebhookRef, delivery: Delivery, due: number): Promise<Aside>
  asides(webhook: WebhookRef, range: { readonly after?: string; readonly limit: number }): Promise<Aside[]>
  aside(webhook: WebhookRef, deliveryId: string): Promise<Aside | undefined>
  removeAside(webhook: WebhookRef, aside: Aside): Promise<void>

  backlogs(): Promise<Backlog[]>
  backlog(webhook: WebhookRef): Promise<Backlog | undefined>
  /** Makes a backlog exist, at another version than before: whoever delivers looks again. */
  touch(webhook: WebhookRef): Promise<void>
  /** @returns undefined when it is another process's turn, or there is no backlog any more. */
  claim(webhook: WebhookRef, claim: BacklogClaim): Promise<Backlog | undefined>
  /** Says that nothing waits any more. @returns false when the backlog was touched since it was read: look again. */
  finish(backlog: Backlog): Promise<boolean>
}

export type Ended = 'succeeded' | 'dead'

export interface DeliveryHistory {
  /** Each stays for the days that its state has (HISTORY_DAYS). */
  add(webhook: WebhookRef, state: Ended, deliveries: readonly Delivery[]): Promise<void>
  /** Pages of what ended so, the newest event first. */
  pages(webhook: WebhookRef, state: Ended, range: { readonly after?: string; readonly limit: number }): Promise<Chunk[]>
  find(webhook: WebhookRef, state: Ended, deliveryId: string): Promise<{ page: Chunk; delivery: Delivery } | undefined>
  /** Takes deliveries out of a page. Nothing happens when another did so first. */
  take(webhook: WebhookRef, state: Ended, page: Chunk, deliveryIds: ReadonlySet<string>): Promise<void>
  /** Removes everything of a webhook that is gone. */
  forget(webhook: WebhookRef): Promise<void>
}

/** What has ended can be looked at for so many days. */
export const HISTORY_DAYS: Readonly<Record<Ended, number>> = { succeeded: 3, dead: 30 }
