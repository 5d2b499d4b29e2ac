import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Reads V8's .cpuprofile files and adds up where the samples of a time window fell. */

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
}

export interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  readonly startTime: number
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

export interface SelfTime {
  readonly name: string
  /** File and line, shortened to what lies in the repository; empty for the engine's own entries. */
  readonly place: string
  readonly micros: number
}

/** A part of the program (a package of ours, of others, the engine), for the overview. */
export interface PartTime {
  readonly part: string
  readonly micros: number
}

export interface ProfileSummary {
  readonly functions: readonly SelfTime[]
  readonly parts: readonly PartTime[]
  /** All samples in the window, without idle time. */
  readonly busyMicros: number
  readonly idleMicros: number
}

/** All profiles that one process left in a folder (one per thread). */
export function readProfiles(folder: string): CpuProfile[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as CpuProfile)
}

/** Self time by function, largest first, of the samples between two moments of the monotonic clock. */
export function summarise(
  profiles: readonly CpuProfile[],
  window: { readonly fromMicros: number; readonly toMicros: number },
  root: string,
): ProfileSummary {
  const functions = new Map<string, { name: string; place: string; micros: number }>()
  const parts = new Map<string, number>()
  let busyMicros = 0
  let idleMicros = 0
  for (const profile of profiles) {
    const byId = new Map(profile.nodes.map((node) => [node.id, node.callFrame]))
    let at = profile.startTime
    for (let i = 0; i < profile.samples.length; i++) {
      // timeDeltas[i] is the time from the sample before to sample i; what it found is charged with the time after it.
      at += profile.timeDeltas[i]!
      if (at < window.fromMicros || at >= window.toMicros) continue
      const micros = profile.timeDeltas[i + 1] ?? 0
      const frame = byId.get(profile.samples[i]!)
      if (frame === undefined) continue
      if (frame.functionName === '(idle)') {
        idleMicros += micros
        continue
      }
      busyMicros += micros
      const place = placeOf(frame, root)
      const key = `${frame.functionName} ${place}`
      const entry = functions.get(key)
      if (entry !== undefined) entry.micros += micros
      else functions.set(key, { name: frame.functionName || '(anonymous)', place, micros })
      const part = partOf(frame.functionName, place)
      parts.set(part, (parts.get(part) ?? 0) + micros)
    }
  }
  const largestFirst = (a: { micros: number }, b: { micros: number }): number => b.micros - a.micros
  return {
    functions: [...functions.values()].sort(largestFirst),
    parts: [...parts].map(([part, micros]) => ({ part, micros })).sort(largestFirst),
    busyMicros,
    idleMicros,
  }
}

function placeOf(frame: ProfileNode['callFrame'], root: string): string {
  if (frame.url === '') return ''
  const path = decodeURI(frame.url.replace(/^file:\/\//, ''))
  const short = path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path
  return `${short}:${frame.lineNumber + 1}`
}

function partOf(name: string, place: string): string {
  if (name === '(garbage collector)') return 'garbage collection'
  if (name === '(program)') return 'native code and system calls'
  if (place === '') return 'functions of the engine and of native modules'
  if (place.startsWith('node:')) return 'node'
  const modules = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(place)
  if (modules !== null) return modules[1]!
  return place.split('/dist/')[0]!
}
