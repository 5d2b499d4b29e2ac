import { payload, Reader } from '@chat4all/protocol'

/** Of the encodings of a payload, those that begin so are a text or content of the app. */
const isPlain = (bytes: Uint8Array): boolean => (bytes[0]! & 0xf0) === 0x90 && (bytes[1] === 0 || bytes[1] === 2)

/** The file that a message refers to, if it does. Most messages do not, and are not decoded for it. */
export function fileOf(bytes: Uint8Array): string | undefined {
  if (isPlain(bytes)) return undefined
  const content = payload.read(new Reader(bytes))
  return content.type === 'file' ? content.file_id : undefined
}
