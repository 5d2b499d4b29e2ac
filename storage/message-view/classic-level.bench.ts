import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openClassicLevelView } from './classic-level.js'
import { measureUnder, type ViewFigures, type ViewLoad } from './view-load.js'

/**
 * What the view costs: CPU of all threads per message, compactions included, and what a lookup of an unknown
 * message_id takes. Run alone: `node storage/dist/message-view/classic-level.bench.js`.
 */
export async function measureView(load: ViewLoad): Promise<ViewFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'chat4all-bench-'))
  try {
    const view = await openClassicLevelView({ folder })
    const figures = await measureUnder(view, load)
    await view.close()
    return figures
  } finally {
    await rm(folder, { recursive: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const loads: ViewLoad[] = [
    { conversations: 200, messagesPerApply: 100, messageBytes: 200, applies: 100 },
    { conversations: 2_000, messagesPerApply: 4, messageBytes: 200, applies: 100 },
    { conversations: 2_000, messagesPerApply: 1, messageBytes: 200, applies: 100 },
    { conversations: 1, messagesPerApply: 500, messageBytes: 50, applies: 2_000 },
  ]
  for (const load of loads) console.log(JSON.stringify(await measureView(load)))
}
