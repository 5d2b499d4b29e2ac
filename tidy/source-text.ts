/** Looks at program text without a compiler: TypeScript 7 has no interface for programs, and this little is enough. */

export interface Import {
  readonly specifier: string
  readonly line: number
  /** Gone after compiling. */
  readonly typeOnly: boolean
  /** By `import()`: loaded when that is reached, not when the file is. */
  readonly deferred: boolean
}

const STATEMENT = /^(?:import|export)\s+(type\s+)?(?:[\w$*{},\s]+?\s+from\s+)?'([^'\n]+)'/gm
const CALL = /\bimport\(\s*'([^'\n]+)'\s*\)/g

/** What a file imports, in any form whose target stands in the text. Quotes are single: the formatter sees to it. */
export function importsOf(text: string): Import[] {
  const kept = withoutComments(text)
  const code = codeOnly(text)
  // What looks like an import inside of a string is none.
  const isCode = (match: RegExpMatchArray) => code.slice(match.index, match.index! + 6) === match[0].slice(0, 6)
  const imports: Import[] = []
  for (const match of kept.matchAll(STATEMENT)) {
    if (!isCode(match)) continue
    imports.push({
      specifier: match[2]!,
      line: lineAt(text, match.index),
      typeOnly: match[1] !== undefined,
      deferred: false,
    })
  }
  for (const match of kept.matchAll(CALL)) {
    if (!isCode(match)) continue
    imports.push({ specifier: match[1]!, line: lineAt(text, match.index), typeOnly: false, deferred: true })
  }
  return imports
}

/** The line of a place in a text, from 1. */
export function lineAt(text: string, index: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < index; at = text.indexOf('\n', at + 1)) line++
  return line
}

/** The text with its comments as spaces; every character stays at its place. */
export function withoutComments(text: string): string {
  return blank(text, (kind) => kind === 'comment')
}

/** The text with comments and the insides of strings as spaces: what is left is code. */
export function codeOnly(text: string): string {
  return blank(text, (kind) => kind !== 'code')
}

type Kind = 'code' | 'comment' | 'string'

function blank(text: string, drop: (kind: Kind) => boolean): string {
  let out = ''
  for (const { kind, from, to } of pieces(text)) {
    const piece = text.slice(from, to)
    out += drop(kind) ? piece.replace(/[^\n]/g, ' ') : piece
  }
  return out
}

/** Cuts a text into code, comments and strings. The code inside `${}` of a template counts as code. */
function* pieces(text: string): Generator<{ kind: Kind; from: number; to: number }> {
  /** For each template that is open: how many braces are open inside its `${`. */
  const templates: number[] = []
  let from = 0
  let at = 0
  const cut = function* (kind: Kind, to: number) {
    if (at > from) yield { kind: 'code' as const, from, to: at }
    yield { kind, from: at, to }
    at = from = to
  }
  while (at < text.length) {
    const c = text[at]!
    if (c === '/' && text[at + 1] === '/') yield* cut('comment', endOf(text, '\n', at))
    else if (c === '/' && text[at + 1] === '*') yield* cut('comment', endOf(text, '*/', at + 2) + 2)
    else if (c === '/' && startsRegExp(text, at)) yield* cut('string', endOfRegExp(text, at))
    else if (c === "'" || c === '"') yield* cut('string', endOfString(text, at, c))
    else if (c === '`' || (c === '}' && templates.at(-1) === 0)) {
      if (c === '}') templates.pop()
      const end = endOfTemplatePart(text, at + 1)
      if (text[end - 1] === '{') templates.push(0)
      yield* cut('string', end)
    } else {
      if (templates.length > 0 && c === '{') templates[templates.length - 1]!++
      if (templates.length > 0 && c === '}') templates[templates.length - 1]!--
      at++
    }
  }
  if (at > from) yield { kind: 'code', from, to: at }
}

function endOf(text: string, what: string, from: number): number {
  const found = text.indexOf(what, from)
  return found === -1 ? text.length : found
}

function endOfString(text: string, at: number, quote: string): number {
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === quote || text[i] === '\n') return i + 1
  }
  return text.length
}

/** Behind the backtick that ends the template, or behind the `${` that interrupts it. */
function endOfTemplatePart(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === '`') return i + 1
    else if (text[i] === '$' && text[i + 1] === '{') return i + 2
  }
  return text.length
}

/** A slash divides after a value and starts a pattern elsewhere. */
function startsRegExp(text: string, at: number): boolean {
  const before = text.slice(0, at).trimEnd()
  return /[(,=:[!&|?{};+\-*%<>~^]$/.test(before) || /\b(return|typeof|case|of|in|=>)$/.test(before) || before === ''
}

function endOfRegExp(text: string, at: number): number {
  let inClass = false
  for (let i = at + 1; i < text.length; i++) {
    const c = text[i]
    if (c === '\\') i++
    else if (c === '[') inClass = true
    else if (c === ']') inClass = false
    else if (c === '\n') return i
    else if (c === '/' && !inClass) return i + 1
  }
  return text.length
}
