/**
 * A JavaScript string, and JSON by an escape, can hold half of a surrogate pair. Bytes of UTF-8 cannot: an encoder puts
 * U+FFFD in its place without a word, and what was said is not what is stored. So such text is refused where it comes
 * in as a string. What comes in as bytes is seen to by the decoders, which are strict.
 */

/** With the flag u a pair is one character, so that only halves are found. */
const LONE_SURROGATE = /\p{Surrogate}/u

export const NOT_WELL_FORMED = 'not well-formed Unicode (half of a surrogate pair)'

interface Place {
  readonly value: unknown
  readonly step?: string | number
  readonly within?: Place
}

/**
 * The way to the first text in `value` (strings, and names in objects, at any depth) that is not well-formed Unicode;
 * for a name, the way to its object. Undefined when all are. The value must be free of cycles.
 */
export function illFormedAt(value: unknown): (string | number)[] | undefined {
  // No recursion: JSON can be nested deeper than the stack is.
  const places: Place[] = [{ value }]
  for (let place = places.pop(); place !== undefined; place = places.pop()) {
    const { value: here } = place
    if (typeof here === 'string') {
      if (LONE_SURROGATE.test(here)) return wayTo(place)
    } else if (typeof here === 'object' && here !== null && !ArrayBuffer.isView(here)) {
      const inner: Place[] = []
      for (const [name, value] of Object.entries(here)) {
        if (LONE_SURROGATE.test(name)) return wayTo(place)
        inner.push({ value, step: Array.isArray(here) ? Number(name) : name, within: place })
      }
      // Last in, first out: the first is to be told first. One by one, as a call takes only so many arguments.
      while (inner.length > 0) places.push(inner.pop()!)
    }
  }
  return undefined
}

function wayTo(place: Place): (string | number)[] {
  const steps: (string | number)[] = []
  for (let at: Place | undefined = place; at?.step !== undefined; at = at.within) steps.unshift(at.step)
  return steps
}
