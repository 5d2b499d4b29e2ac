import { type MeasuredWindow, runClosedLoop } from '../load/closed-loop.js'
import { ConversationLoad, type Outcome } from '../load/conversation-load.js'
import type { Dialect, Target } from '../load/dialect.js'
import { runOpenLoop } from '../load/open-loop.js'
import type { GroupSettings, OpenSettings, PairsSettings } from './settings.js'

/** The scenarios in which messages flow. Figures are per message acknowledged, or per delivery, in the window. */

export interface MessageResult {
  readonly acknowledgedPerSecond: number
  readonly deliveredPerSecond: number
  readonly serverCpuMicrosPerMessage: number
  readonly serverCpuMicrosPerDelivery: number
  /** Share of one core: 1 is a full one. */
  readonly serverCores: number
  readonly loadCores: number
  /** What else ran on the machine, in cores. */
  readonly foreignCores: number
  readonly loadCpuMicrosPerMessage: number
  readonly window: MeasuredWindow
  readonly outcome: Outcome
}

/** Pairs of users, each sender with so many messages in flight. */
export async function runPairs(dialect: Dialect, target: Target, settings: PairsSettings): Promise<MessageResult> {
  const load = await ConversationLoad.open(dialect, { ...settings, readersEach: 1 })
  return result(await runClosedLoop(load, settings.inFlight, settings, target), await load.finish())
}

/** Pairs of users, messages at a fixed rate. */
export async function runOpen(dialect: Dialect, target: Target, settings: OpenSettings): Promise<MessageResult> {
  const load = await ConversationLoad.open(dialect, { ...settings, readersEach: 1 })
  const { messagesPerSecond, pacing = 'spin' } = settings
  return result(await runOpenLoop(load, messagesPerSecond, settings, target, pacing), await load.finish())
}

/** One group with all members online, of whom one sends. */
export async function runGroup(dialect: Dialect, target: Target, settings: GroupSettings): Promise<MessageResult> {
  const load = await ConversationLoad.open(dialect, {
    conversations: 1,
    readersEach: settings.members - 1,
    textBytes: settings.textBytes,
  })
  return result(await runClosedLoop(load, settings.inFlight, settings, target), await load.finish())
}

function result(window: MeasuredWindow, outcome: Outcome): MessageResult {
  const seconds = window.ms / 1000
  return {
    acknowledgedPerSecond: window.acknowledged / seconds,
    deliveredPerSecond: window.delivered / seconds,
    serverCpuMicrosPerMessage: window.serverCpuMicros / window.acknowledged,
    serverCpuMicrosPerDelivery: window.serverCpuMicros / window.delivered,
    serverCores: window.serverCpuMicros / 1000 / window.ms,
    loadCores: window.loadCpuMicros / 1000 / window.ms,
    foreignCores: window.foreignCpuMicros / 1000 / window.ms,
    loadCpuMicrosPerMessage: window.loadCpuMicros / window.acknowledged,
    window,
    outcome,
  }
}
