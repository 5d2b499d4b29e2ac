import type { RunOptions } from './options.js'
import type { Fault, Operation, Plan } from './plan.js'
import { type RunResult, run } from './run.js'

/** A failing run made small: what is left out was not needed for the failure. */
export interface Shrunk {
  readonly plan: Plan
  readonly result: RunResult
  readonly tries: number
}

type Part = { readonly type: 'operation'; readonly it: Operation } | { readonly type: 'fault'; readonly it: Fault }

/**
 * Delta debugging over the plan: leaves out ever smaller parts of it as long as one of the invariants that failed
 * still fails. Faults go first; what a history shows is easier to follow without them.
 */
export function shrink(options: RunOptions, plan: Plan, failed: RunResult, triesMax = 400): Shrunk {
  const invariants = new Set(failed.violations.map(({ invariant }) => invariant))
  let tries = 0
  let best: Shrunk = { plan, result: failed, tries }
  const stillFails = (parts: readonly Part[]): boolean => {
    if (tries >= triesMax) return false
    tries++
    const candidate = planOf(parts)
    const result = run(options, candidate)
    if (!result.violations.some(({ invariant }) => invariants.has(invariant))) return false
    best = { plan: candidate, result, tries }
    return true
  }
  const operations = plan.operations.map((it): Part => ({ type: 'operation', it }))
  const faults = minimal(
    plan.faults.map((it): Part => ({ type: 'fault', it })),
    (some) => stillFails([...operations, ...some]),
  )
  minimal(operations, (some) => stillFails([...some, ...faults]))
  return { ...best, tries }
}

function planOf(parts: readonly Part[]): Plan {
  return {
    operations: parts.flatMap((part) => (part.type === 'operation' ? [part.it] : [])),
    faults: parts.flatMap((part) => (part.type === 'fault' ? [part.it] : [])),
  }
}

/** ddmin: parts without which `fails` no longer holds, as far as leaving out single chunks finds them. */
function minimal<T>(parts: readonly T[], fails: (some: readonly T[]) => boolean): readonly T[] {
  let left = parts
  if (left.length > 0 && fails([])) return []
  for (let chunk = Math.ceil(left.length / 2); chunk >= 1; ) {
    let removed = false
    for (let start = 0; start < left.length; ) {
      const without = [...left.slice(0, start), ...left.slice(start + chunk)]
      if (fails(without)) {
        left = without
        removed = true
      } else start += chunk
    }
    if (chunk === 1 && !removed) break
    chunk = removed ? Math.min(chunk, Math.ceil(left.length / 2) || 1) : Math.floor(chunk / 2)
  }
  return left
}
