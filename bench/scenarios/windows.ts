import { type MeasuredWindow, measureWindow, startClosedLoop } from '../load/closed-loop.js'
import { ConversationLoad, type Lane, type Outcome, pause } from '../load/conversation-load.js'
import type { Dialect, Target } from '../load/dialect.js'
import { startOpenLoop } from '../load/open-loop.js'
import type { WindowsSettings } from './settings.js'

/** Load that is measured window by window, so that what is done to the server meanwhile can be seen in it. */

/** A sender that waits longer than this for an acknowledgement is interrupted. */
const INTERRUPTED_MS = 500

export interface LoadWindow extends MeasuredWindow {
  /** The longest wait of each sender whose acknowledgements came in this window, where it was an interruption. */
  readonly interruptionsMs: readonly number[]
}

export interface WindowsResult {
  readonly windows: readonly LoadWindow[]
  readonly outcome: Outcome
}

/** Measures until `stopped` resolves, one window at least; tells when it begins. */
export async function runWindows(
  dialect: Dialect,
  target: Target,
  settings: WindowsSettings,
  began: () => void,
  stopped: Promise<void>,
): Promise<WindowsResult> {
  const load = await ConversationLoad.open(dialect, { ...settings, readersEach: 1 })
  let longest = new Map<Lane, number>()
  load.onAcknowledged = (lane, tookMs) => {
    if (tookMs > INTERRUPTED_MS) longest.set(lane, Math.max(tookMs, longest.get(lane) ?? 0))
  }
  const { pace } = settings
  const stop =
    'inFlight' in pace ? startClosedLoop(load, pace.inFlight) : startOpenLoop(load, pace.messagesPerSecond, 'timer')
  await pause(settings.warmupMs)
  began()
  let running = true
  void stopped.then(() => {
    running = false
  })
  const windows: LoadWindow[] = []
  do {
    longest = new Map()
    const window = await measureWindow(load, settings.windowMs, target)
    windows.push({ ...window, interruptionsMs: [...longest.values()] })
  } while (running)
  stop()
  return { windows, outcome: await load.finish() }
}
