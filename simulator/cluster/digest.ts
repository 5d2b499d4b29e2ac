/** Few characters that tell byte strings apart, for histories (FNV-1a, twice 32 bits). */
export function digest(bytes: Uint8Array): string {
  let a = 0x811c9dc5
  let b = 0x1b873593
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 0x01000193)
    b = Math.imul(b ^ byte, 0x85ebca6b)
  }
  return `${bytes.length}:${(a >>> 0).toString(36)}${(b >>> 0).toString(36)}`
}
