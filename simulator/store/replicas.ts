import type { Random } from '../world/random.js'
import type { World } from '../world/world.js'

export const REPLICAS = 3
export const QUORUM = 2

/** How the way to a replica fails. Probabilities are per request and replica. */
export interface StoreFaults {
  /** The request never arrives there. */
  lostRequest: number
  /** The request arrives there much later: after its writer gave up, was deposed, or died. */
  lateRequest: number
  lateMsMax: number
  /** It happened there and the answer is lost. */
  lostAnswer: number
  /** A compare-and-set whose outcome the caller does not learn: it happened, happens later, or never does. */
  unknownCompareAndSet: number
  /** A recoverer waits up to `lateMsMax` before its next step. Per step. */
  slowRecovery: number
  delayMsMin: number
  delayMsMax: number
}

export const NO_STORE_FAULTS: Readonly<StoreFaults> = {
  lostRequest: 0,
  lateRequest: 0,
  lateMsMax: 0,
  lostAnswer: 0,
  unknownCompareAndSet: 0,
  slowRecovery: 0,
  delayMsMin: 0.2,
  delayMsMax: 4,
}

/** A caller gives up after so long; what it asked for may still happen. */
const TIMEOUT_MS = 400

export interface Replica<State> {
  readonly state: State
  down: boolean
}

/**
 * Three replicas of everything, each with its own state, reached one by one. A write or a read counts when a quorum
 * answered in time; otherwise its outcome is unknown, and it may have happened on none, one, or all of them, or happen
 * later. Requests live on when their sender is dead: they are on the wire.
 */
export class Replicas<State> {
  readonly all: readonly Replica<State>[]
  readonly faults: StoreFaults
  private readonly world: World
  private readonly random: Random

  constructor(world: World, make: () => State, faults: StoreFaults = { ...NO_STORE_FAULTS }) {
    this.world = world
    this.random = world.random.fork('store')
    this.faults = faults
    this.all = Array.from({ length: REPLICAS }, () => ({ state: make(), down: false }))
  }

  /** Applies `write` at every replica that it reaches. `answersNeeded` 0: does not wait for anyone. */
  write(write: (state: State) => void, done: (ok: boolean) => void, answersNeeded = QUORUM): void {
    this.ask(write, (answers) => done(answers !== undefined), answersNeeded)
  }

  /** Asks every replica; `done` gets the first answers, or undefined when too few came in time. */
  read<T>(query: (state: State) => T, done: (answers: T[] | undefined) => void, answersNeeded = QUORUM): void {
    this.ask(query, done, answersNeeded)
  }

  private ask<T>(run: (state: State) => T, done: (answers: T[] | undefined) => void, needed: number): void {
    let settled = false
    const settle = (answers: T[] | undefined) => {
      if (settled) return
      settled = true
      done(answers)
    }
    const answers: T[] = []
    const { faults, random } = this
    for (const replica of this.all) {
      if (random.chance(faults.lostRequest)) continue
      const late = random.chance(faults.lateRequest)
      const delay = late ? random.between(TIMEOUT_MS / 4, faults.lateMsMax) : this.delay()
      this.world.after(delay, () => {
        if (replica.down) return
        const answer = run(replica.state)
        if (settled || random.chance(faults.lostAnswer)) return
        this.world.after(this.delay(), () => {
          answers.push(answer)
          if (answers.length === needed) settle(answers)
        })
      })
    }
    if (needed === 0) settle(answers)
    else this.world.after(TIMEOUT_MS, () => settle(undefined))
  }

  /**
   * A compare-and-set of a linearizable register: `run` happens at one moment, or never. `done` gets undefined when
   * the outcome is unknown; then it may have happened, or happen later.
   */
  compareAndSet<T>(run: () => T, done: (outcome: T | undefined) => void): void {
    const { faults, random } = this
    if (random.chance(faults.unknownCompareAndSet)) {
      if (random.chance(0.7)) {
        const late = random.chance(0.3) ? random.between(0, faults.lateMsMax) : this.delay()
        this.world.after(late, () => void run())
      }
      this.world.after(TIMEOUT_MS, () => done(undefined))
      return
    }
    this.world.after(this.delay() * 2, () => {
      if (this.quorumIsDown()) {
        this.world.after(TIMEOUT_MS, () => done(undefined))
        return
      }
      const outcome = run()
      this.world.after(this.delay(), () => done(outcome))
    })
  }

  private quorumIsDown(): boolean {
    return this.all.filter((replica) => replica.down).length > REPLICAS - QUORUM
  }

  private delay(): number {
    return this.random.skewed(this.faults.delayMsMin, this.faults.delayMsMax)
  }
}
