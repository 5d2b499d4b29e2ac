import type { ClientStorage, SavedState } from './storage.js'

const PAUSE_MS_MIN = 100
/** Saving may take at most one part in so many of the time. */
const PAUSE_PER_SAVE = 20

/** Saves the client's state a moment after it changed, never twice at once, and never so often that it costs much. */
export class Saver {
  private readonly storage: ClientStorage
  private readonly state: () => SavedState | undefined
  private readonly failed: (error: Error) => void
  private timer: ReturnType<typeof setTimeout> | undefined
  private dirty = false
  private saving: Promise<void> | undefined
  private pauseMs = PAUSE_MS_MIN

  constructor(storage: ClientStorage, state: () => SavedState | undefined, failed: (error: Error) => void) {
    this.storage = storage
    this.state = state
    this.failed = failed
  }

  changed(): void {
    this.dirty = true
    if (this.timer !== undefined || this.saving !== undefined) return
    this.timer = setTimeout(() => {
      this.timer = undefined
      void this.save()
    }, this.pauseMs)
  }

  /** Resolves when all that changed until now is saved, or failed to be. */
  async flush(): Promise<void> {
    while (this.dirty || this.saving !== undefined) {
      clearTimeout(this.timer)
      this.timer = undefined
      await (this.saving ?? this.save())
    }
  }

  private save(): Promise<void> {
    this.saving = this.write().finally(() => {
      this.saving = undefined
      if (this.dirty) this.changed()
    })
    return this.saving
  }

  private async write(): Promise<void> {
    this.dirty = false
    const state = this.state()
    if (state === undefined) return
    const startedAt = performance.now()
    try {
      await this.storage.save(state)
    } catch (cause) {
      this.failed(new Error(`The client's state could not be saved: ${(cause as Error).message}`, { cause }))
    }
    this.pauseMs = Math.max(PAUSE_MS_MIN, (performance.now() - startedAt) * PAUSE_PER_SAVE)
  }
}
