/**
 * A seeded generator (sfc32), so that a run follows from its seed alone. Streams forked by name do not disturb one
 * another: one more decision in the workload leaves the delays of the store as they were.
 */
export class Random {
  private a: number
  private b: number
  private c: number
  private counter = 1
  private readonly seed: number

  constructor(seed: number) {
    this.seed = seed >>> 0
    this.a = this.seed
    this.b = 0x9e3779b9
    this.c = 0x243f6a88
    for (let i = 0; i < 12; i++) this.next32()
  }

  /** A stream of its own, the same for the same seed and name. */
  fork(name: string): Random {
    let hash = 0x811c9dc5 ^ this.seed
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
    return new Random(hash ^ (hash >>> 13))
  }

  private next32(): number {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0
    this.counter = (this.counter + 1) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum
    this.c |= 0
    return sum >>> 0
  }

  /** From 0 (inclusive) to 1 (exclusive). */
  fraction(): number {
    return this.next32() / 0x100000000
  }

  /** True with this probability. A probability of 0 costs no decision. */
  chance(probability: number): boolean {
    return probability > 0 && this.fraction() < probability
  }

  /** A whole number from 0 to `bound` - 1. */
  below(bound: number): number {
    return Math.floor(this.fraction() * bound)
  }

  between(min: number, max: number): number {
    return min + this.fraction() * (max - min)
  }

  /** Mostly near `min`, seldom near `max`: how delays are spread. */
  skewed(min: number, max: number): number {
    const fraction = this.fraction()
    return min + fraction * fraction * fraction * fraction * (max - min)
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let i = 0; i < length; i++) bytes[i] = this.next32() & 0xff
    return bytes
  }
}
