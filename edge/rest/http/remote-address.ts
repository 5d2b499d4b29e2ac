/** The peer's IP address as text, from uWebSockets' 4 or 16 bytes. An IPv4 peer reads the same on either kind of socket. */
export function remoteAddressText(address: ArrayBuffer): string {
  const bytes = new Uint8Array(address)
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.length !== 16) return ''
  if (isMappedIpv4(bytes)) return bytes.subarray(12).join('.')
  const groups: string[] = []
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i]! << 8) | bytes[i + 1]!).toString(16))
  // The longest run of zero groups is written `::` (RFC 5952), one lone zero is not.
  const runs = groups.join(':').match(/(?<![0-9a-f])0(:0)+(?![0-9a-f])/g) ?? []
  const longest = runs.reduce((a, b) => (b.length > a.length ? b : a), '')
  if (longest === '') return groups.join(':')
  return groups
    .join(':')
    .replace(longest, ':')
    .replace(/^:(?!:)|:::/, '::')
    .replace(/([^:]):$/, '$1::')
}

function isMappedIpv4(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false
  return bytes[10] === 0xff && bytes[11] === 0xff
}
