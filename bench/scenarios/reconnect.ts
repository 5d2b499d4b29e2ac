import { randomBytes } from 'node:crypto'
import { type ConversationId, type Cseq, MEMBERS_CHANGED_MAX, seq, type UserId } from '@chat4all/protocol'
import { pause } from '../load/conversation-load.js'
import { openMany, type Target } from '../load/dialect.js'
import { isCreated, messageEvents } from '../load/dialects/chat4all.js'
import { Chat4AllSession, messageIdOf, newIdPrefix, SendTemplate } from '../load/dialects/chat4all-session.js'
import { userTokens } from '../load/dialects/chat4all-tokens.js'
import { DeliveryChecker, FaultLog } from '../load/message-checker.js'
import { isText, textTemplate } from '../load/message-text.js'
import { readCounters } from '../servers/prometheus-counters.js'
import type { ReconnectSettings } from './settings.js'

/**
 * A storm: all clients lose their connections, messages are posted meanwhile, and all come back at once with their
 * cursors. Measured until every client has been told `resumed` and has every message that it missed, in order.
 */

const STORM_MS_MAX = 120_000

export interface ReconnectResult {
  readonly clients: number
  readonly groups: number
  readonly missedEach: number
  /** From the first connection of the storm until all clients had all they missed. */
  readonly allResumedMs: number
  readonly connectsPerSecond: number
  /** Counters of the server about reads that rose during the storm, by name. */
  readonly reads: Readonly<Record<string, number>>
  readonly faults: Readonly<Record<string, number>>
  readonly faultSamples: readonly string[]
}

interface Group {
  readonly conversation: ConversationId
  readonly poster: Chat4AllSession
  readonly template: SendTemplate
  readonly text: Buffer
  readonly members: Member[]
  /** Seq of the last message before the poster's first. */
  readonly base: number
  /** cseq of the poster's last frame. */
  cseq: number
  sent: number
  acknowledged: number
  /** Highest seq that the poster was told of. */
  seen: number
}

interface Member {
  readonly token: string
  readonly deliveries: DeliveryChecker
  session: Chat4AllSession | undefined
  resumed: boolean
}

export async function runReconnect(target: Target, settings: ReconnectSettings): Promise<ReconnectResult> {
  const faults = new FaultLog()
  const run = randomBytes(4).toString('hex')
  const tokenOf = userTokens(target)
  const perGroup = Math.floor(settings.clients / settings.groups)
  if (perGroup < 1 || perGroup > MEMBERS_CHANGED_MAX)
    throw new Error(`${settings.clients} clients in ${settings.groups} groups: 1 to ${MEMBERS_CHANGED_MAX} per group`)
  let closing = false

  const openGroup = async (index: number): Promise<Group> => {
    const names = Array.from({ length: perGroup }, (_, i) => `m${run}-${index}-${i}` as UserId)
    const poster = await Chat4AllSession.open(
      { port: target.port, token: await tokenOf(`p${run}-${index}`) },
      messageEvents({
        sent: (_cseq, _bytes, _idAt, at) => {
          group.acknowledged++
          group.seen = Math.max(group.seen, at)
        },
        closed: (reason) => {
          if (!closing) faults.add('connection lost', `poster ${index}: ${reason}`)
        },
      }),
    )
    const { info } = await poster.ask(
      { t: 'create', cseq: 1 as Cseq, type: 'group', members: names, message_id: messageIdOf(newIdPrefix(), 0) },
      isCreated,
    )
    const text = textTemplate(index, 128)
    const members = await openMany(
      names.length,
      async (i): Promise<Member> => ({
        token: await tokenOf(names[i]!),
        deliveries: new DeliveryChecker(`group ${index} member ${i}`, faults, info.head),
        session: undefined,
        resumed: false,
      }),
      4,
    )
    const group: Group = {
      conversation: info.conversation,
      poster,
      template: new SendTemplate(info.conversation, newIdPrefix(), text),
      text,
      members,
      base: info.head,
      cseq: 1,
      sent: 0,
      acknowledged: 0,
      seen: info.head,
    }
    return group
  }

  const post = async (group: Group, count: number): Promise<void> => {
    for (let i = 0; i < count; i++) group.poster.queue(group.template.patch(++group.cseq, ++group.sent, group.seen))
    group.poster.flush()
    const deadline = performance.now() + STORM_MS_MAX
    while (group.acknowledged < group.sent && performance.now() < deadline) await pause(10)
  }

  const connect = async (group: Group, member: Member): Promise<void> => {
    const first = group.base
    const had = first + member.deliveries.deliveredCount
    member.session = await Chat4AllSession.open(
      { port: target.port, token: member.token, cursors: [{ conversation: group.conversation, seq: seq(had) }] },
      messageEvents({
        delivered(at, bytes, from, to) {
          if (at > first) member.deliveries.delivered(at, isText(group.text, at - first, bytes, from, to))
        },
        other(frame) {
          if (frame.t !== 'resumed') return
          member.resumed = true
          if (!frame.recovered) faults.add('gap before delivery', 'resumed says recovered: false')
        },
        closed(reason) {
          if (!closing) faults.add('connection lost', reason)
        },
      }),
    )
  }

  const groups = await openMany(settings.groups, openGroup, 8)
  const everyone = groups.flatMap((group) => group.members.map((member) => ({ group, member })))
  const connectAll = async (): Promise<void> => {
    await openMany(everyone.length, (i) => connect(everyone[i]!.group, everyone[i]!.member), settings.atOnce)
  }
  const complete = (): boolean =>
    everyone.every(({ group, member }) => member.resumed && member.deliveries.deliveredCount >= group.sent)
  const allComplete = async (): Promise<void> => {
    const deadline = performance.now() + STORM_MS_MAX
    while (!complete() && performance.now() < deadline) await pause(5)
  }

  await connectAll()
  await Promise.all(groups.map((group) => post(group, 2)))
  await allComplete()
  closing = true
  for (const { member } of everyone) {
    member.session!.close()
    member.resumed = false
  }
  await pause(1000)
  closing = false
  await Promise.all(groups.map((group) => post(group, settings.missedEach)))
  const before = await readCounters(target, /read/i)
  const startedAt = performance.now()
  await connectAll()
  const connectedMs = performance.now() - startedAt
  await allComplete()
  const allResumedMs = performance.now() - startedAt
  const after = await readCounters(target, /read/i)
  for (const { group, member } of everyone) member.deliveries.finish(group.sent)
  closing = true
  for (const { member } of everyone) member.session!.close()
  for (const group of groups) group.poster.close()
  return {
    clients: everyone.length,
    groups: groups.length,
    missedEach: settings.missedEach,
    allResumedMs,
    connectsPerSecond: (everyone.length * 1000) / connectedMs,
    reads: Object.fromEntries([...after].map(([name, value]) => [name, value - (before.get(name) ?? 0)])),
    faults: faults.summary() as Record<string, number>,
    faultSamples: faults.samples,
  }
}
