import { createHash } from 'node:crypto'
import type { ObjectName, ObjectStore } from './port.js'

/**
 * Which of several stores has an object. Where an object is to go follows from its name alone (rendezvous hashing with
 * weights): a store that is added takes its share from all others, and one that goes away gives its share to all
 * others; nothing else moves. Where an object *is* is written down with it, so a changed list strands nothing.
 */

export type StoreId = string & { readonly kind: 'store' }

export interface PlacedStore {
  /** Kept with every object: it never changes for a store, whatever its address does. */
  readonly id: StoreId
  /** Share of new objects, relative to the others; 0: none, but what is there is read. */
  readonly weight: number
  readonly store: ObjectStore
}

export interface ObjectStoresOptions {
  /** Stores that each object is copied to, at most as many as there are. */
  readonly copies: number
  /** How often stores are asked whether they are well. */
  readonly healthMs?: number
  readonly onHealth?: (id: StoreId, healthy: boolean, error: Error | undefined) => void
}

const HEALTH_MS = 5_000

export class ObjectStores {
  readonly copies: number
  /** Stores that take new objects. */
  readonly taking: number
  private readonly stores: readonly PlacedStore[]
  private readonly sick = new Set<StoreId>()
  private readonly onHealth: ObjectStoresOptions['onHealth']
  private readonly timer: NodeJS.Timeout
  private looking: Promise<void> | undefined

  /** @throws RangeError for a list that has no place for an object. */
  constructor(stores: readonly PlacedStore[], options: ObjectStoresOptions) {
    if (new Set(stores.map(({ id }) => id)).size !== stores.length) throw new RangeError('two stores have one id')
    this.taking = stores.filter(({ weight }) => weight > 0).length
    if (this.taking === 0) throw new RangeError('no store takes new objects')
    this.stores = stores
    this.copies = Math.min(options.copies, this.taking)
    this.onHealth = options.onHealth
    this.timer = setInterval(() => void this.look(), options.healthMs ?? HEALTH_MS)
    this.timer.unref()
  }

  /** The store of an id; undefined when it is on the list no longer. */
  get(id: StoreId): ObjectStore | undefined {
    return this.stores.find((placed) => placed.id === id)?.store
  }

  /** Stores for a new object, the best first; healthy ones before others. */
  placesFor(object: ObjectName): StoreId[] {
    return this.inOrder(object, ({ weight }) => weight > 0)
  }

  /** Of the stores that have a copy, those on the list: the healthy ones first, spread by the name of the object. */
  readersOf(object: ObjectName, copies: readonly StoreId[]): StoreId[] {
    return this.inOrder(object, ({ id }) => copies.includes(id))
  }

  isHealthy(id: StoreId): boolean {
    return !this.sick.has(id)
  }

  /** One that failed just now is not asked first until it answers again. */
  failed(id: StoreId, error: Error): void {
    this.tell(id, error)
  }

  /** Asks every store how it is. */
  look(): Promise<void> {
    this.looking ??= Promise.all(
      this.stores.map(({ id, store }) =>
        store.health().then(
          () => this.tell(id, undefined),
          (error: Error) => this.tell(id, error),
        ),
      ),
    ).then(() => {
      this.looking = undefined
    })
    return this.looking
  }

  async close(): Promise<void> {
    clearInterval(this.timer)
    await Promise.all(this.stores.map(({ store }) => store.close()))
  }

  private inOrder(object: ObjectName, chosen: (placed: PlacedStore) => boolean): StoreId[] {
    return this.stores
      .filter(chosen)
      .map(({ id, weight }) => ({ id, score: score(object, id, weight) }))
      .sort((a, b) => Number(this.sick.has(a.id)) - Number(this.sick.has(b.id)) || b.score - a.score)
      .map(({ id }) => id)
  }

  private tell(id: StoreId, error: Error | undefined): void {
    const was = this.isHealthy(id)
    if (error === undefined) this.sick.delete(id)
    else this.sick.add(id)
    if (was !== (error === undefined)) this.onHealth?.(id, error === undefined, error)
  }
}

/** -weight / ln(hash in (0, 1)): the highest wins, each store in proportion to its weight. */
function score(object: ObjectName, id: StoreId, weight: number): number {
  const hash = createHash('sha256').update(`${id}\n${object}`).digest().readUIntBE(0, 6)
  return -weight / Math.log((hash + 1) / (2 ** 48 + 1))
}
