/**
 * Where a text stops being JSON: the index of the first character that cannot be there. The platform's own message
 * names a place only for some faults, and quotes the text for others; ours may stand in an answer.
 * Only called for a text that JSON.parse refused.
 */
export function jsonErrorPosition(text: string): number {
  let at = 0
  const open: ('array' | 'object')[] = []
  const skipSpace = () => {
    while (at < text.length && ' \t\n\r'.includes(text[at]!)) at++
  }
  const token = (form: RegExp): boolean => {
    form.lastIndex = at
    if (!form.test(text)) return false
    at = form.lastIndex
    return true
  }
  const name = (): boolean => {
    if (!token(STRING)) return fault(text[at] === '"' ? stringFault(text, at) : at)
    skipSpace()
    return text[at] === ':' ? advance() : fault(at)
  }
  const fault = (position: number): false => {
    at = position
    return false
  }
  const advance = (): true => {
    at++
    return true
  }

  /** One value, or the beginning of one that has values inside. False: `at` is the fault. */
  const value = (): boolean => {
    skipSpace()
    const first = text[at]
    if (first === '{' || first === '[') {
      at++
      skipSpace()
      if (text[at] === (first === '{' ? '}' : ']')) return advance() && ends()
      open.push(first === '{' ? 'object' : 'array')
      return first === '{' ? name() : true
    }
    if (token(STRING) || token(LITERAL) || token(NUMBER)) return ends()
    return fault(first === '"' ? stringFault(text, at) : literalFault(text, at))
  }

  /** What may follow a value: commas and closing brackets. False: a fault, or the end of the text's value. */
  const ends = (): boolean => {
    for (;;) {
      skipSpace()
      const inside = open.at(-1)
      if (inside === undefined) return false
      if (text[at] === ',') {
        at++
        skipSpace()
        return inside === 'array' || name()
      }
      if (text[at] !== (inside === 'array' ? ']' : '}')) return false
      at++
      open.pop()
    }
  }

  while (value());
  return at
}

// All but control characters, quotes and backslashes; or an escape.
const STRING = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const LITERAL = /true|false|null/y
const STRING_BEGINNING = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*(?:\\(?:u[0-9a-fA-F]{0,3})?)?/y

function stringFault(text: string, at: number): number {
  STRING_BEGINNING.lastIndex = at
  STRING_BEGINNING.test(text)
  return STRING_BEGINNING.lastIndex
}

function literalFault(text: string, at: number): number {
  for (const literal of ['true', 'false', 'null', '-']) {
    let same = 0
    while (same < literal.length && text[at + same] === literal[same]) same++
    if (same > 0) return at + same
  }
  return at
}
