import { existsSync, readFileSync } from 'node:fs'

const LISTENING = '0A'

/** `address:port` of every TCP socket that listens on this machine; nothing where the system does not tell. */
export function listening(): readonly string[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    existsSync(file) ? listeningIn(readFileSync(file, 'utf8')) : [],
  )
}

/** The sockets that listen in a table like /proc/net/tcp; `*` for those that listen on all addresses. */
export function listeningIn(table: string): string[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local = '', , state] = line.trim().split(/\s+/)
      const [address = '', port = ''] = local.split(':')
      return state === LISTENING ? [`${readable(address)}:${Number.parseInt(port, 16)}`] : []
    })
}

/** Whether a program that wants to listen on `host:port` finds it taken. */
export function isTaken(wanted: string, taken: readonly string[]): boolean {
  return taken.includes(wanted) || taken.includes(`*:${wanted.split(':').at(-1)}`)
}

/** The kernel writes addresses in the order of bytes of the machine, in words of four: 127.0.0.1 is 0100007F. */
function readable(hex: string): string {
  if (/^0*$/.test(hex)) return '*'
  const isMapped = hex.startsWith('0000000000000000FFFF0000')
  if (hex.length > 8 && !isMapped) return hex
  const word = hex.slice(-8)
  return [3, 2, 1, 0].map((byte) => Number.parseInt(word.slice(2 * byte, 2 * byte + 2), 16)).join('.')
}
