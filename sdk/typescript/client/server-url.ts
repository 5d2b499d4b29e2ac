import { Chat4AllError, SOCKET_PATH } from '@chat4all/protocol'

const SCHEMES: Readonly<Record<string, string>> = { 'http:': 'ws:', 'https:': 'wss:', 'ws:': 'ws:', 'wss:': 'wss:' }

/**
 * The address of the socket: `http(s)://host` and `ws(s)://host` mean the standard path there.
 * @throws Chat4AllError INVALID
 */
export function socketUrl(url: string): string {
  let parsed: URL | undefined
  try {
    parsed = new URL(url)
  } catch {}
  const scheme = SCHEMES[parsed?.protocol ?? '']
  if (parsed === undefined || scheme === undefined) {
    throw new Chat4AllError('INVALID', `${url} is not an address like https://chat.example.com`)
  }
  const path = parsed.pathname === '/' ? SOCKET_PATH : parsed.pathname
  return `${scheme}//${parsed.host}${path}${parsed.search}`
}
