/**
 * A few characters that stand for the content of a message, so that readers can be compared with each other and with
 * the sender without writing every text into the history (FNV-1a, 32 bit, twice with different seeds).
 */
export function contentDigest(from: string, kind: string, text: string): string {
  const whole = `${from}\n${kind}\n${text}`
  return fnv1a(whole, 0x811c9dc5) + fnv1a(whole, 0x01234567)
}

function fnv1a(text: string, basis: number): string {
  let hash = basis
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}
