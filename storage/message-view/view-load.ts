import { randomBytes } from 'node:crypto'
import type { AppId, ConversationId, Millis, Seq, UserId } from '@chat4all/protocol'
import type { ConversationChange, MessageView } from './port.js'

/** The load of the benches of both adapters, and what they tell. */
export interface ViewLoad {
  readonly conversations: number
  readonly messagesPerApply: number
  readonly messageBytes: number
  readonly applies: number
}

export interface ViewFigures extends ViewLoad {
  readonly cpuMicrosPerMessage: number
  readonly mainThreadMicrosPerMessage: number
  /** Of the engine, where that is another process. */
  readonly engineMicrosPerMessage: number | undefined
  readonly applyP50Ms: number
  readonly applyMaxMs: number
  /** Of a message_id that is in no page, the dearest case. */
  readonly findUnknownMs: number
  readonly readPageMs: number
}

/** @param otherCpuMicros CPU that the engine's own process has used so far */
export async function measureUnder(
  view: MessageView,
  load: ViewLoad,
  otherCpuMicros: () => number | undefined = () => undefined,
): Promise<ViewFigures> {
  const names = Array.from({ length: load.conversations }, (_, n) => randomBytes(15).toString('base64url') + n)
  const conversations = names as ConversationId[]
  await view.apply(conversations.map(created))
  const payload = messageBytes(load)
  const applyMs: number[] = []
  let busyMicros = 0
  let cpuMicros = 0
  const engineBefore = otherCpuMicros()
  for (let n = 0; n < load.applies; n++) {
    const changes = conversations.map((conversation) => messages(conversation, n, load, payload))
    const begun = performance.now()
    const cpu = process.cpuUsage()
    const idle = performance.eventLoopUtilization()
    await view.apply(changes)
    busyMicros += performance.eventLoopUtilization(idle).active * 1_000
    const { user, system } = process.cpuUsage(cpu)
    cpuMicros += user + system
    applyMs.push(performance.now() - begun)
  }
  // Compactions go on behind the last apply; they belong to it.
  const cpu = process.cpuUsage()
  await new Promise((resolve) => setTimeout(resolve, 500))
  const { user, system } = process.cpuUsage(cpu)
  cpuMicros += user + system
  const engineAfter = otherCpuMicros()
  applyMs.sort((a, b) => a - b)
  const total = load.applies * load.conversations * load.messagesPerApply
  const head = load.applies * load.messagesPerApply
  return {
    ...load,
    cpuMicrosPerMessage: cpuMicros / total,
    mainThreadMicrosPerMessage: busyMicros / total,
    engineMicrosPerMessage: engineBefore === undefined ? undefined : (engineAfter! - engineBefore) / total,
    applyP50Ms: applyMs[applyMs.length >> 1]!,
    applyMaxMs: applyMs.at(-1)!,
    findUnknownMs: await mean(20, (i) => view.find(conversations[i % conversations.length]!, randomBytes(16))),
    readPageMs: await mean(20, (i) =>
      view.messages(conversations[i % conversations.length]!, {
        after: 0 as Seq,
        before: ((head * (i + 1)) / 20) as Seq,
        limit: 50,
        newestFirst: true,
        now: 0 as Millis,
      }),
    ),
  }
}

async function mean(times: number, measured: (i: number) => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  for (let i = 0; i < times; i++) await measured(i)
  return (performance.now() - begun) / times
}

function created(conversation: ConversationId): ConversationChange {
  const member = { role: 'member' as const, present: true, version: 0 as Seq }
  return {
    app: 'app' as AppId,
    conversation,
    data: { app: 'app' as AppId, type: 'private', created: 1 as Millis, metadata: undefined, ttl: undefined },
    members: [
      { ...member, user: `a-${conversation}` as UserId },
      { ...member, user: `b-${conversation}` as UserId },
    ],
  }
}

/** Half random, half text: what a compressor finds in messages with ids and words. */
function messageBytes({ messagesPerApply, messageBytes }: ViewLoad): Buffer {
  const words = Buffer.from('and then she said that it would be fine, if only the others came along as well; ')
  return Buffer.concat(
    Array.from({ length: messagesPerApply }, () => {
      const bytes = Buffer.alloc(messageBytes, words)
      randomBytes(messageBytes >> 1).copy(bytes)
      return bytes
    }),
  )
}

function messages(conversation: ConversationId, apply: number, load: ViewLoad, bytes: Buffer): ConversationChange {
  const first = apply * load.messagesPerApply + 1
  const last = first + load.messagesPerApply - 1
  return {
    app: 'app' as AppId,
    conversation,
    messages: {
      firstSeq: first as Seq,
      lastSeq: last as Seq,
      bytes,
      lengths: new Array<number>(load.messagesPerApply).fill(load.messageBytes),
      messageIds: randomBytes(16 * load.messagesPerApply),
    },
    cursors: [{ user: `a-${conversation}` as UserId, delivered: last as Seq, read: first as Seq }],
  }
}
