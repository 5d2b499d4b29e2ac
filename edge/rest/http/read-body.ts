import { Chat4AllError, illFormedAt, NOT_WELL_FORMED } from '@chat4all/protocol'
import { InvalidRequest, jsonPointer } from './invalid-request.js'
import { jsonErrorPosition } from './json-error-position.js'

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * The request's body as a value: JSON, or where the endpoint takes forms, the fields of one.
 * @throws Chat4AllError UNSUPPORTED_MEDIA_TYPE, or InvalidRequest with the place of the fault.
 */
export async function readBody(request: Request, takesForms: boolean): Promise<unknown> {
  const contentType = request.headers.get('content-type')
  const mediaType = contentType?.replace(/;.*/s, '').trim().toLowerCase()
  const isForm = takesForms && mediaType === 'application/x-www-form-urlencoded'
  // A client that names no type at all means JSON: there is nothing else it could mean.
  if (!isForm && mediaType !== undefined && !/^application\/([a-z.-]+\+)?json$/.test(mediaType)) {
    throw new Chat4AllError('UNSUPPORTED_MEDIA_TYPE', `${mediaType} is not read here: send application/json.`)
  }
  const text = decode(await request.arrayBuffer())
  return isForm ? Object.fromEntries(new URLSearchParams(text)) : parseJson(text)
}

function decode(bytes: ArrayBuffer): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new InvalidRequest([{ path: '', message: 'The bytes are not UTF-8.' }])
  }
}

function parseJson(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new InvalidRequest([{ path: '', message: text.trim() === '' ? 'It is empty: send JSON.' : fault(text) }])
  }
  // The bytes were UTF-8, so half of a pair can only have been written as an escape; hardly any body has one.
  if (SURROGATE_ESCAPE.test(text)) demandWellFormed(value)
  return value
}

const SURROGATE_ESCAPE = /\\u[dD][89a-fA-F]/

function demandWellFormed(value: unknown): void {
  const way = illFormedAt(value)
  if (way !== undefined) throw new InvalidRequest([{ path: jsonPointer(way), message: `It is ${NOT_WELL_FORMED}.` }])
}

function fault(text: string): string {
  const position = jsonErrorPosition(text)
  const before = text.slice(0, position).split('\n')
  const place = `at position ${position} (line ${before.length}, column ${before.at(-1)!.length + 1})`
  return `It is not JSON: ${position === text.length ? 'it ends too early' : 'unexpected character'} ${place}.`
}
