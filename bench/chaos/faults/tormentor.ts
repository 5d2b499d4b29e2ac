import type { Cluster } from '../cluster/cluster.js'
import type { Component } from '../cluster/component.js'
import type { EngineProcess } from '../cluster/engines.js'
import type { Disturbance } from '../cluster/network.js'
import type { Recorder } from '../history/history-file.js'
import { FAULTS, type FaultKind, type Victim } from './catalogue.js'
import type { Planned } from './schedule.js'

/** Carries out a schedule of faults, and repairs everything at its end. */

const RESTART_PAUSE_MS = 500

type EngineVictim = Exclude<Victim, 'node' | 'edge'>

interface Struck {
  /** Names for the history. */
  readonly targets: readonly string[]
  end(): Promise<void>
}

export class Tormentor {
  /** What could not be repaired. */
  readonly failures: string[] = []
  private readonly cluster: Cluster
  private readonly recorder: Recorder
  private readonly progress: (text: string) => void
  private number = 0
  /** Who is down or paused: a second fault chooses somebody else. */
  private readonly struck = new Set<string>()

  constructor(cluster: Cluster, recorder: Recorder, progress: (text: string) => void) {
    this.cluster = cluster
    this.recorder = recorder
    this.progress = progress
  }

  /** Resolves when the last fault has ended. */
  async carryOut(planned: readonly Planned[]): Promise<void> {
    const began = performance.now()
    const going: Promise<void>[] = []
    for (const plan of planned) {
      await pause(began + plan.atMs - performance.now())
      going.push(this.strike(plan))
    }
    await Promise.all(going)
  }

  private async strike({ fault, lastsMs, dice }: Planned): Promise<void> {
    const number = ++this.number
    const kind = FAULTS.get(fault)!
    const tell = (phase: 'begin' | 'end', targets: readonly string[]) =>
      this.recorder.record({ type: 'fault', at: this.recorder.now(), number, fault, phase, targets })
    try {
      const victims = this.choose(kind, dice)
      if (victims === undefined) return
      tell('begin', victims.targets)
      this.progress(`fault ${number}: ${fault} of ${victims.targets.join(', ')} for ${(lastsMs / 1000).toFixed(1)} s`)
      const struck = await victims.begin()
      await pause(lastsMs)
      await struck.end()
      tell('end', struck.targets)
    } catch (error) {
      this.failures.push(`fault ${number}, ${fault}: ${(error as Error).message}`)
    }
  }

  private choose(
    kind: FaultKind,
    dice: number,
  ): { readonly targets: readonly string[]; begin(): Promise<Struck> } | undefined {
    switch (kind.type) {
      case 'kill':
      case 'pause':
        if (kind.victim === 'node' || kind.victim === 'edge') return this.component(kind.victim, kind.type, dice)
        return this.engine(kind.victim, kind.type, dice)
      case 'kill-all':
        return this.engines(this.free(kind.victim), 'kill')
      case 'restart':
        return this.component(kind.victim, 'restart', dice)
      case 'restart-in-turn':
        return this.restartInTurn()
      case 'isolate':
        return this.isolate(dice)
      case 'disturb':
        return this.disturb(kind.from, kind.to, kind.how, dice)
    }
  }

  private component(role: 'node' | 'edge', how: 'kill' | 'pause' | 'restart', dice: number) {
    const free = (role === 'node' ? this.cluster.nodes : this.cluster.edges).filter(
      ({ name }) => !this.struck.has(name),
    )
    const victim = one(free, dice)
    if (victim === undefined) return undefined
    const targets = [victim.name]
    this.struck.add(victim.name)
    const end = async (): Promise<void> => {
      try {
        if (how === 'pause') victim.resume()
        else victim.start()
        await victim.ready()
      } finally {
        this.struck.delete(victim.name)
      }
    }
    const begin = async (): Promise<Struck> => {
      if (how === 'kill') await victim.kill()
      else if (how === 'pause') victim.pause()
      else await victim.stop()
      return { targets, end }
    }
    return { targets, begin }
  }

  private restartInTurn() {
    const targets = this.cluster.nodes.map(({ name }) => name)
    const begin = async (): Promise<Struck> => {
      for (const node of this.cluster.nodes) {
        if (this.struck.has(node.name)) continue
        this.struck.add(node.name)
        await restart(node)
        this.struck.delete(node.name)
      }
      return { targets, async end() {} }
    }
    return { targets, begin }
  }

  private engine(kind: EngineVictim, how: 'kill' | 'pause', dice: number) {
    const victim = one(this.free(kind), dice)
    return victim && this.engines([victim], how)
  }

  /** Processes of an engine that nothing strikes now. */
  private free(kind: EngineVictim): EngineProcess[] {
    return this.cluster.engines.filter((engine) => engine.kind === kind && !this.struck.has(engine.name))
  }

  private engines(victims: readonly EngineProcess[], how: 'kill' | 'pause') {
    if (victims.length === 0) return undefined
    const targets = victims.map(({ name }) => name)
    for (const name of targets) this.struck.add(name)
    const begin = async (): Promise<Struck> => {
      const running = await this.cluster.engineSet.processes()
      const pids = targets.map((target) => {
        const pid = running.find(({ name }) => name === target)?.pid
        if (pid === undefined) throw new Error(`${target} does not run`)
        return pid
      })
      for (const pid of pids) process.kill(pid, how === 'kill' ? 'SIGKILL' : 'SIGSTOP')
      const end = async (): Promise<void> => {
        try {
          if (how === 'pause') for (const pid of pids) process.kill(pid, 'SIGCONT')
          else await this.cluster.engineSet.start(targets)
        } finally {
          for (const name of targets) this.struck.delete(name)
        }
      }
      return { targets, end }
    }
    return { targets, begin }
  }

  private disturb(from: 'node' | 'edge' | 'clients', to: Victim, how: Disturbance, dice: number) {
    const named = (role: string) =>
      role === 'node'
        ? this.cluster.nodes.map(({ name }) => name)
        : role === 'edge'
          ? this.cluster.edges.map(({ name }) => name)
          : [role]
    const network = this.cluster.network!
    const ways = named(from).flatMap((a) => named(to).map((b) => [a, b] as const))
    const way = one(
      ways.filter(([a, b]) => network.has(a, b) && !this.struck.has(`${a}→${b}`)),
      dice,
    )
    if (way === undefined) return undefined
    return this.disturbAll([way], how, from === 'clients' ? [way[1]] : [`${way[0]}→${way[1]}`])
  }

  private isolate(dice: number) {
    const victim = one(this.cluster.nodes, dice)!
    const network = this.cluster.network!
    const others = [
      ...this.cluster.components.map(({ name }) => name),
      ...new Set(this.cluster.engines.map(({ kind }) => kind)),
    ]
    const ways = others
      .flatMap((other) => [[victim.name, other] as const, [other, victim.name] as const])
      .filter(([a, b]) => network.has(a, b) && !this.struck.has(`${a}→${b}`))
    return this.disturbAll(ways, 'cut', [`${victim.name}→*`])
  }

  private disturbAll(
    ways: readonly (readonly [string, string])[],
    how: Disturbance,
    targets: readonly string[],
  ): { readonly targets: readonly string[]; begin(): Promise<Struck> } {
    const network = this.cluster.network!
    for (const [a, b] of ways) this.struck.add(`${a}→${b}`)
    const end = async (): Promise<void> => {
      await Promise.all(ways.map(([a, b]) => network.heal(a, b)))
      for (const [a, b] of ways) this.struck.delete(`${a}→${b}`)
    }
    const begin = async (): Promise<Struck> => {
      await Promise.all(ways.map(([a, b]) => network.disturb(a, b, how)))
      return { targets, end }
    }
    return { targets, begin }
  }
}

async function restart(component: Component): Promise<void> {
  await component.stop()
  component.start()
  await component.ready()
  await pause(RESTART_PAUSE_MS)
}

function one<T>(of: readonly T[], dice: number): T | undefined {
  return of[Math.floor(dice * of.length)]
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))
}
