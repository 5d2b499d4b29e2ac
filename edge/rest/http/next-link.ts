/** The address of the next page, in the body (`next`) and as the header that generic clients follow (RFC 8288). */
export function nextLink(
  path: string,
  query: Readonly<Record<string, string | number>> | undefined,
): { body: { next: string | null }; headers: Record<string, string> } {
  if (query === undefined) return { body: { next: null }, headers: {} }
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) parameters.set(name, String(value))
  const next = `${path}?${parameters}`
  return { body: { next }, headers: { link: `<${next}>; rel="next"` } }
}
