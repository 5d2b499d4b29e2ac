import type { World } from './world.js'

/** What the trace shows of a process; the legend explains them. */
export const TRACED = {
  opens: ['+', 'a node begins an incarnation with a new log'],
  serves: ['o', 'a node serves these slots from now on'],
  deposed: ['x', 'a node learns that its log was sealed'],
  recovers: ['r', 'a node carries out a step of a recovery'],
  takes: ['t', 'a node gets a message, or a change of members, of an edge'],
  bounces: ['b', 'a node takes nothing of a slot from this request on'],
  'hands over': ['m', 'a slot went to another node by consent'],
  fault: ['!', 'something breaks'],
  repair: ['~', 'it is whole again'],
  connects: ['<', 'a client opens a session'],
  resumes: ['c', 'a session is told from where it will catch up'],
  leaves: ['l', 'a client is told that its user is no longer a member'],
  disconnects: ['>', 'a session ends'],
  sends: ['s', 'a client hands a message to its session'],
  sent: ['a', 'a client is told that its message is stored'],
  refused: ['n', 'a client is told that its request failed for good'],
  sees: ['d', 'a client is delivered messages'],
  erases: ['e', 'a service asks that what was said be erased'],
  erased: ['g', 'a service is told that it is gone'],
  reads: ['h', 'a page, or a full read, is answered'],
  violation: ['#', 'an invariant did not hold'],
} as const satisfies Record<string, readonly [mark: string, means: string]>

export type Traced = keyof typeof TRACED

/** One line per transition, kept only when asked for. */
export class Trace {
  readonly lines: string[] = []
  private readonly world: World
  private readonly on: boolean

  constructor(world: World, on: boolean) {
    this.world = world
    this.on = on
  }

  get isOn(): boolean {
    return this.on
  }

  get now(): number {
    return this.world.now
  }

  note(what: Traced, who: string, detail: string): void {
    if (this.on)
      this.lines.push(`${this.world.now.toFixed(1).padStart(9)} ${TRACED[what][0]} ${who.padEnd(8)} ${detail}`)
  }
}

export function legend(): string {
  return Object.values(TRACED)
    .map(([mark, means]) => `  ${mark}  ${means}`)
    .join('\n')
}
