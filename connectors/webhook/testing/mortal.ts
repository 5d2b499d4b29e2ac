import type { Records } from '@chat4all/storage'
import type { Poster } from '../post.js'

/**
 * A life of so many steps. A step is the moment after something that others can see: a change of a record, a post to a
 * receiver. Dying before one is dying after the one before it. After the last step nothing resolves any more, as for a
 * process that was killed.
 */
export class Life {
  died = false
  /** Resolves when it has died. */
  readonly death: Promise<void>
  private die!: () => void
  private left: number

  constructor(steps: number) {
    this.left = steps
    this.death = new Promise((resolve) => {
      this.die = resolve
    })
  }

  records(records: Records): Records {
    return {
      get: (...given) => this.alive(records.get(...given)),
      list: (...given) => this.alive(records.list(...given)),
      put: (...given) => this.step(() => records.put(...given)),
      remove: (...given) => this.step(() => records.remove(...given)),
      close: () => records.close(),
    }
  }

  poster(poster: Poster): Poster {
    return {
      post: (...given) => this.step(() => poster.post(...given)),
      close: () => poster.close(),
    }
  }

  private async step<Result>(act: () => Promise<Result>): Promise<Result> {
    if (this.died) return await new Promise<never>(() => {})
    const result = await act()
    if (this.left-- > 0) return this.alive(Promise.resolve(result))
    this.died = true
    this.die()
    return await new Promise<never>(() => {})
  }

  private async alive<Result>(under: Promise<Result>): Promise<Result> {
    const result = await under
    return this.died ? await new Promise<never>(() => {}) : result
  }
}
