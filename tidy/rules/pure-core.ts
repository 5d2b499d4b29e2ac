import { PURE } from '../layers.js'
import { isTest, type Rule, sourcesOf, type Violation } from '../repository.js'
import { codeOnly, lineAt } from '../source-text.js'

/** What a state machine without a world cannot have, and what it has instead. */
const IMPURE: readonly (readonly [RegExp, string])[] = [
  [/\bDate\b/g, 'a clock: time is an input (`now`)'],
  [/\bperformance\b/g, 'a clock: time is an input (`now`)'],
  [/\bMath\.random\b/g, 'chance: take a number as an input'],
  [/\b(?:set|clear)(?:Timeout|Interval|Immediate)\b/g, 'a timer: return an effect that asks to be woken'],
  [/\bqueueMicrotask\b/g, 'a timer: return an effect'],
  [/(?<!\.)\b(?:process|globalThis|require)\b(?!\s*[(:?=,])/g, 'the process: take what you need as an input'],
  [/\bBuffer\b/g, 'Buffer: it is Node’s; use Uint8Array'],
  [/\b(?:Promise|async|await)\b/g, 'a promise: return an effect; its outcome comes back as an event'],
  [/\bconsole\b/g, 'output: return an effect'],
  [/(?<!\.)\b(?:crypto|fetch|WebSocket)\b(?!\s*[:?])/g, 'the world: return an effect'],
]

/** The cores are functions of their inputs: that is what lets the simulator run them, and replay what it found. */
export const pureCore: Rule = (repository) => {
  const violations: Violation[] = []
  for (const { file, text, imports } of sourcesOf(repository)) {
    if (isTest(file) || !PURE.some((folder) => file.startsWith(`${folder}/`))) continue
    const code = codeOnly(text)
    for (const [pattern, says] of IMPURE) {
      for (const match of code.matchAll(pattern)) violations.push({ file, line: lineAt(code, match.index), says })
    }
    for (const { specifier, line } of imports) {
      if (specifier.startsWith('.') || specifier.startsWith('@chat4all/')) continue
      violations.push({ file, line, says: `${specifier}: a core imports nothing but our own` })
    }
  }
  return violations
}
