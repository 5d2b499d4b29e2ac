import { encode } from '@msgpack/msgpack'
import type { ErrorCode } from '../errors.js'
import { MEMBERS_CHANGED_MAX, NESTING_MAX } from '../limits.js'
import type { Direction } from '../schema/channels.js'
import { leastExample } from './example-json.js'
import { wireOfFrame } from './wire-json.js'

/** Bytes that are to be refused, and with which error. */
export interface InvalidVector {
  readonly name: string
  readonly hex: string
  readonly error: ErrorCode
}

const id = new Uint8Array(16).fill(7)
/** A `send` with this payload. */
const send = (payload: unknown) => [3, 1, 'g-1', id, payload]
const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** What a client may try, beyond what follows from every frame's schema. */
const PICKED: readonly (readonly [name: string, bytes: string | unknown[], error?: ErrorCode])[] = [
  ['an array without a type', []],
  ['a frame that only the server sends', [2, 1, 's', 'ann', 'phone-1', 0, 30_000, 65_536], 'UNKNOWN_FRAME'],
  ['a type that is text', ['send']],
  ['a type over 65535', [65_536]],
  ['a map instead of an array', '81a17401'],
  ['a conversation id that is empty', [8, '', 1, 1]],
  ['a conversation id with a space', [8, 'g 1', 1, 1]],
  ['a conversation id with a line break at its end', [8, 'g-1\n', 1, 1]],
  ['a conversation id of 65 bytes', [8, 'g'.repeat(65), 1, 1]],
  ['a conversation id that is binary', [8, new Uint8Array([0x67]), 1, 1]],
  ['a message_id of 15 bytes', [3, 1, 'g-1', id.subarray(1), [0, 'hi']]],
  ['a message_id as text', [3, 1, 'g-1', '1b4e28ba-2fa1-4d2b-883f-0016d3cca427', [0, 'hi']]],
  ['a negative seq', [8, 'g-1', -1, 1]],
  ['a seq with a fraction', [8, 'g-1', 1.5, 1]],
  ['a seq of 2^53', '9408a3672d31cf002000000000000000' + '01'],
  ['a cseq of 2^32', [3, 2 ** 32, 'g-1', id, [0, 'hi']]],
  ['a boolean that is a number', [10, 'g-1', 1]],
  ['a name that is none of the set', [15, 1, 2, ['ann'], id]],
  ['a user called as a step of a path', [15, 1, 1, ['..'], id]],
  ['a payload of no known kind', send([9, 'hi'])],
  ['a payload that is empty', send([])],
  ['a payload that only the server writes', send([3, ['ann'], []])],
  ['a payload that is nil', send(null)],
  ['text that is no UTF-8', `95${'03'}${'01'}a3672d31c410${hex(id)}9200a2c328`],
  ['text that is half a surrogate pair', `95${'03'}${'01'}a3672d31c410${hex(id)}9200a3eda080`],
  ['content with the name __proto__', send([2, JSON.parse('{"__proto__": 1}')])],
  ['content with a name that is a number', `95${'03'}${'01'}a3672d31c410${hex(id)}920281${'01'}${'02'}`],
  ['content with an extension type', `95${'03'}${'01'}a3672d31c410${hex(id)}9202d6ff00000000`],
  ['content nested too deep', send([2, nested(NESTING_MAX + 1)])],
  ['17 channels', [3, 1, 'g-1', id, [0, 'hi'], null, null, [null, new Array(17).fill('sms')]]],
  ['a channel in upper case', [3, 1, 'g-1', id, [0, 'hi'], null, null, [null, ['SMS']]]],
  ['a trace that is no traceparent', [3, 1, 'g-1', id, [0, 'hi'], null, null, null, 'x'.repeat(55)]],
  ['a label with the name __proto__', [15, 1, 1, ['ann'], id, JSON.parse('{"__proto__": "x"}')]],
  ['more members than one request may change', [15, 1, 1, new Array(MEMBERS_CHANGED_MAX + 1).fill('a'), id]],
  ['a list of 2^32 - 1 members in five bytes', `95${'0f'}${'01'}${'01'}ddffffffff`],
  ['a text of 2^32 - 1 bytes in five bytes', `94${'08'}dbffffffff`],
  ['half a frame behind a whole one', '911794'],
  ['the byte that MessagePack never uses', 'c1'],
]

/** All invalid vectors of one direction: from the schema, and for clients picked by hand. */
export function invalidVectors(direction: Direction): InvalidVector[] {
  const common: InvalidVector[] = [
    { name: 'nothing', hex: '', error: 'MALFORMED_FRAME' },
    { name: 'no array', hex: hex(encode('hello')), error: 'MALFORMED_FRAME' },
    { name: 'a type that no frame has', hex: hex(encode([9_999])), error: 'UNKNOWN_FRAME' },
  ]
  const picked = direction.name !== 'client-to-edge' ? [] : PICKED
  return [
    ...common,
    ...direction.frames.flatMap(invalidOfFrame),
    ...picked.map(([name, bytes, error = 'MALFORMED_FRAME' as const]) => ({
      name,
      hex: typeof bytes === 'string' ? bytes : hex(encode(bytes)),
      error,
    })),
  ]
}

/** Each frame cut short, without its last needed field, and with nil for its first. */
function invalidOfFrame(type: Direction['frames'][number]): InvalidVector[] {
  const required = type.schema.required as string[]
  const names = Object.keys(type.fields)
  const wire = wireOfFrame(type, leastExample(type.schema))
  const bytes = encode(wire)
  const vectors = [{ name: `${type.name}: its last byte is missing`, hex: hex(bytes.subarray(0, -1)) }]
  if (required.length > 0) {
    const last = names.lastIndexOf(required.at(-1)!)
    vectors.push({ name: `${type.name}: without ${names[last]}`, hex: hex(encode(wire.slice(0, last + 1))) })
    const first = names.indexOf(required[0]!)
    vectors.push({ name: `${type.name}: ${names[first]} is nil`, hex: hex(encode(wire.with(first + 1, null))) })
  }
  return vectors.map((vector) => ({ ...vector, error: 'MALFORMED_FRAME' }))
}
