import type { ComparedSettings, CrashSettings, ReconnectSettings } from '../scenarios/settings.js'
import type { ServerName } from '../servers/server-names.js'

/** What `all` measures: every step with its settings and the command that repeats it alone. */

export interface ComparedStep {
  readonly title: string
  readonly settings: ComparedSettings
  readonly servers: readonly ServerName[]
  readonly rounds: number
  readonly command: string
}

export interface Plan {
  readonly compared: readonly ComparedStep[]
  readonly reconnect: { readonly settings: ReconnectSettings; readonly command: string } | undefined
  readonly crash: { readonly settings: CrashSettings; readonly command: string }
}

const EVERY: readonly ServerName[] = ['chat4all', 'centrifuge', 'socket-io', 'uws-relay']
const TEXT_BYTES = 128
const command = (rest: string): string => `npm run bench -- ${rest}`

function pairs(
  conversations: number,
  inFlight: number,
  servers: readonly ServerName[],
  rounds: number,
  seconds: number,
) {
  return {
    title: `${conversations.toLocaleString('en-US')} pairs × ${inFlight} in flight, ${TEXT_BYTES} B text`,
    settings: {
      scenario: 'pairs' as const,
      conversations,
      inFlight,
      textBytes: TEXT_BYTES,
      warmupMs: 2000,
      measureMs: seconds * 1000,
    },
    servers,
    rounds,
    command: command(
      `pairs --servers ${servers.join(',')} --rounds ${rounds} --pairs ${conversations} --in-flight ${inFlight} --seconds ${seconds}`,
    ),
  }
}

function open(messagesPerSecond: number, servers: readonly ServerName[], rounds: number, seconds: number) {
  return {
    title: `Latency at ${messagesPerSecond.toLocaleString('en-US')} messages/s, open loop, 200 pairs`,
    settings: {
      scenario: 'open' as const,
      conversations: 200,
      messagesPerSecond,
      textBytes: TEXT_BYTES,
      warmupMs: 2000,
      measureMs: seconds * 1000,
    },
    servers,
    rounds,
    command: command(
      `open --servers ${servers.join(',')} --rounds ${rounds} --rate ${messagesPerSecond} --seconds ${seconds}`,
    ),
  }
}

function idle(connections: number, joined: boolean, servers: readonly ServerName[]) {
  return {
    title: `${connections.toLocaleString('en-US')} idle connections, ${joined ? 'each in one conversation' : 'in no conversation'}`,
    settings: { scenario: 'idle' as const, connections, joined },
    servers,
    rounds: 1,
    command: command(`idle --servers ${servers.join(',')} --connections ${connections}${joined ? ' --joined' : ''}`),
  }
}

function group(members: number, servers: readonly ServerName[], rounds: number, seconds: number) {
  return {
    title: `One group of ${members.toLocaleString('en-US')} online members`,
    settings: {
      scenario: 'group' as const,
      members,
      inFlight: 4,
      textBytes: TEXT_BYTES,
      warmupMs: 2000,
      measureMs: seconds * 1000,
    },
    servers,
    rounds,
    command: command(
      `group --servers ${servers.join(',')} --rounds ${rounds} --members ${members} --seconds ${seconds}`,
    ),
  }
}

function crash(pairCount: number, kills: number, seconds: number): Plan['crash'] {
  return {
    settings: { pairs: pairCount, inFlight: 8, textBytes: TEXT_BYTES, kills, loadMs: seconds * 1000 },
    command: command(`crash --pairs ${pairCount} --kills ${kills} --seconds ${seconds}`),
  }
}

/** About ten minutes. */
export const FULL: Plan = {
  compared: [
    pairs(200, 8, EVERY, 3, 5),
    pairs(1000, 1, EVERY, 3, 5),
    open(1667, EVERY, 3, 5),
    idle(5000, false, EVERY),
    idle(5000, true, EVERY),
    group(1000, EVERY, 3, 3),
  ],
  reconnect: {
    settings: { scenario: 'reconnect', clients: 5000, groups: 50, missedEach: 20, atOnce: 1000 },
    command: command('reconnect'),
  },
  crash: crash(50, 3, 2),
}

/** Under a minute; ours and the floor. */
export const QUICK: Plan = {
  compared: [
    pairs(200, 8, ['chat4all', 'uws-relay'], 1, 3),
    open(1667, ['chat4all'], 1, 3),
    group(1000, ['chat4all'], 1, 2),
  ],
  reconnect: undefined,
  crash: crash(20, 1, 1),
}
