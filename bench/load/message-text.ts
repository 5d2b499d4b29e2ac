/**
 * The text of the k-th message of a pair: the pair's number, k, and a filler that differs from pair to pair. Printable
 * ASCII, so that every protocol carries it as it is, and of one length, so that a frame's template is patched in place.
 */

const COUNTER_DIGITS = 10
/** `p00017 ` goes before the counter. */
export const COUNTER_AT = 7
export const TEXT_BYTES_MIN = COUNTER_AT + COUNTER_DIGITS + 1

/** The text with k = 0. */
export function textTemplate(pair: number, bytes: number): Buffer {
  if (bytes < TEXT_BYTES_MIN) throw new Error(`a text needs at least ${TEXT_BYTES_MIN} bytes, not ${bytes}`)
  const head = `p${String(pair % 100_000).padStart(5, '0')} ${'0'.repeat(COUNTER_DIGITS)} `
  const filler = String.fromCharCode(97 + (pair % 26)).repeat(bytes - head.length)
  return Buffer.from(head + filler, 'latin1')
}

/** Writes k into a text that begins at `textAt` in `bytes`. */
export function patchCounter(bytes: Uint8Array, textAt: number, k: number): void {
  let rest = k
  for (let at = textAt + COUNTER_AT + COUNTER_DIGITS - 1; at >= textAt + COUNTER_AT; at--) {
    const next = Math.floor(rest / 10)
    bytes[at] = 48 + (rest - next * 10)
    rest = next
  }
}

/** Whether `bytes` from `from` to `to` are this pair's k-th text, byte for byte. */
export function isText(template: Buffer, k: number, bytes: Buffer, from: number, to: number): boolean {
  if (to - from !== template.length) return false
  patchCounter(template, 0, k)
  return template.compare(bytes, from, to) === 0
}
