/** What a `Range` header asks of so many bytes: RFC 9110, section 14, of which one range is answered. */
export type RangeAsked =
  /** No range, or one that we need not answer: the whole. */
  'whole' | 'unsatisfiable' | { readonly from: number; readonly to: number }

/** `to` is behind the last byte. */
export function rangeOf(header: string, bytes: number): RangeAsked {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header.trim())
  if (match === null || (match[1] === '' && match[2] === '')) return 'whole'
  const [first, last] = [match[1]!, match[2]!]
  if (first === '') {
    const suffix = Math.min(Number(last), bytes)
    return suffix === 0 ? 'unsatisfiable' : { from: bytes - suffix, to: bytes }
  }
  const from = Number(first)
  const to = last === '' ? bytes : Math.min(Number(last) + 1, bytes)
  if (last !== '' && Number(last) < from) return 'whole'
  return from >= bytes ? 'unsatisfiable' : { from, to }
}
