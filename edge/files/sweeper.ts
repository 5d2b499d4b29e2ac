import type { Millis } from '@chat4all/protocol'
import type { Reminder } from '@chat4all/storage'
import type { FileContext } from './file-context.js'
import { finishRemoval, removeFile } from './removal.js'
import { tidyReady, type Verifications } from './verification.js'

/** What failed is tried again so much later. */
const AGAIN_MS = 60_000
const REMINDERS_AT_ONCE = 100

/**
 * Does what reminders ask for: drops uploads that ended without an end, goes on where an edge died in the middle. All
 * edges do it; two that meet do the same thing twice, which is as good as once.
 */
export async function sweep(context: FileContext, verifications: Verifications): Promise<void> {
  const { files, events, now } = context
  for (let due = await files.due(now(), REMINDERS_AT_ONCE); due.length > 0; ) {
    for (const reminder of due) {
      const { app, file } = reminder
      try {
        const again = await attend(context, verifications, reminder)
        if (again !== undefined) await files.remind(app, file, again)
      } catch (error) {
        events.failed('sweep', app, file, error as Error)
        await files.remind(app, file, (now() + AGAIN_MS) as Millis)
      }
      await files.done(reminder)
    }
    due = due.length < REMINDERS_AT_ONCE ? [] : await files.due(now(), REMINDERS_AT_ONCE)
  }
}

/** Resolves with when to look again; undefined: never. */
async function attend(
  context: FileContext,
  verifications: Verifications,
  { app, file: id }: Reminder,
): Promise<Millis | undefined> {
  const { files, now } = context
  const file = await files.get(app, id)
  if (file === undefined) return undefined
  const { state } = file
  switch (state.type) {
    case 'uploading':
      if (state.expires > now()) return state.expires
      await removeFile(context, app, id)
      return undefined
    case 'verifying': {
      // Reading the bytes takes long: others are not kept waiting. Should it fail, there is a reminder.
      if (state.busyUntil <= now()) void verifications.verify(app, id)
      return Math.max(state.busyUntil, now() + AGAIN_MS) as Millis
    }
    case 'ready':
      await tidyReady(context, file)
      return undefined
    case 'failed':
      if (state.expires > now()) return state.expires
      await removeFile(context, app, id)
      return undefined
    case 'deleting':
      await finishRemoval(context, file)
      return undefined
  }
}
