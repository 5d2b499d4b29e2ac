import { Chat4AllError } from '@chat4all/protocol'
import { InvalidRequest } from './invalid-request.js'
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
  try {
    return JSON.parse(text)
  } catch {
    throw new InvalidRequest([{ path: '', message: text.trim() === '' ? 'It is empty: send JSON.' : fault(text) }])
  }
}

function fault(text: string): string {
  const position = jsonErrorPosition(text)
  const before = text.slice(0, position).split('\n')
  const place = `at position ${position} (line ${before.length}, column ${before.at(-1)!.length + 1})`
  return `It is not JSON: ${position === text.length ? 'it ends too early' : 'unexpected character'} ${place}.`
}
