import { type ByteRange, StoreFault } from './store-fault.js'

/** A way to answer that HTTP has, and stores do not use for ranges: chunks, a compressed body. */
export class UnsuitedAnswer extends Error {
  constructor(why: string) {
    super(`the answer is none that can be read as it comes: ${why}`)
    this.name = 'UnsuitedAnswer'
  }
}

export interface RangeAnswer {
  /** The next range may be asked for on the same connection. */
  readonly isKeptOpen: boolean
}

/** Whether a status and headers announce this range: 206, or 200 where the range is the whole. */
export function announces(
  { start, end }: ByteRange,
  status: number | undefined,
  header: (name: string) => string | undefined,
): boolean {
  if (status === 206) return header('content-range')?.startsWith(`bytes ${start}-${end - 1}/`) === true
  return status === 200 && start === 0 && header('content-length') === String(end)
}

/**
 * Reads the head of an answer to a request for this range, without the empty line that ends it.
 * @throws StoreFault when it is another answer; UnsuitedAnswer when the body is not just the bytes
 */
export function rangeAnswer(head: string, range: ByteRange): RangeAnswer {
  const [first = '', ...lines] = head.split('\r\n')
  const version = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(first)
  if (version === null) throw new UnsuitedAnswer(`it begins with ${JSON.stringify(first.slice(0, 40))}`)
  const status = Number(version[2])
  if (status < 200) throw new UnsuitedAnswer(`its status is ${status}`)
  const headers = new Map<string, string>()
  for (const line of lines) {
    const [, name, value] = /^([^\s:]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? []
    if (name === undefined) throw new UnsuitedAnswer(`there is a header ${JSON.stringify(line.slice(0, 40))}`)
    const known = headers.get(name.toLowerCase())
    headers.set(name.toLowerCase(), known === undefined ? value! : `${known}, ${value}`)
  }
  if (!announces(range, status, (name) => headers.get(name))) throw new StoreFault(`the store answered ${status}`)
  if (headers.has('transfer-encoding') || headers.has('content-encoding')) throw new UnsuitedAnswer('it is encoded')
  if (headers.get('content-length') !== String(range.end - range.start)) throw new UnsuitedAnswer('it has no length')
  return { isKeptOpen: version[1] === '1' && !/\bclose\b/i.test(headers.get('connection') ?? '') }
}
