import { encode } from '@msgpack/msgpack'
import type { Direction } from '../schema/channels.js'
import { fullExamples, leastExample } from './example-json.js'
import { wireOfFrame } from './wire-json.js'

/** A frame as bytes and as JSON. */
export interface ValidVector {
  readonly name: string
  readonly frame: string
  readonly hex: string
  /** Binary as hex; fields that are absent are left out. */
  readonly value: unknown
  /** False: the bytes are understood as `value`, and nobody of this version would write them. */
  readonly canonical: boolean
}

const id = '1b4e28ba2fa14d2b883f0016d3cca427'
const text = (words: string) => ({ type: 'text', text: words })
const send = (more: object) => ({ cseq: 1, conversation: 'g-1', message_id: id, payload: text('hi'), ...more })

/** What the schema alone does not bring up. */
const PICKED: Readonly<Record<Direction['name'], readonly (readonly [name: string, frame: string, value: object])[]>> =
  {
    'client-to-edge': [
      ['an absent field before one that is there is nil', 'send', send({ ttl: 60 })],
      ['empty text', 'send', send({ payload: text('') })],
      ['text of 31 bytes, the most that a fixstr holds', 'send', send({ payload: text('x'.repeat(31)) })],
      ['text of 32 bytes', 'send', send({ payload: text('x'.repeat(32)) })],
      ['text of 256 bytes', 'send', send({ payload: text('x'.repeat(256)) })],
      ['a byte order mark belongs to the text', 'send', send({ payload: text('\ufeffhi') })],
      ['characters of one to four bytes', 'send', send({ payload: text('aé€😀') })],
      ['a null character', 'send', send({ payload: text('a\u0000b') })],
      ...[127, 128, 255, 256, 65_535, 65_536, 4_294_967_295].map(
        (cseq) => [`cseq ${cseq}`, 'send', send({ cseq })] as const,
      ),
      ['seq 2^32, the first of nine bytes', 'receipt', { conversation: 'g-1', delivered: 4_294_967_296, read: 0 }],
      [
        '16 members: the head of an array of more than 15',
        'create',
        {
          cseq: 1,
          type: 'group',
          members: Array.from({ length: 16 }, (_, i) => `user-${i}`),
          message_id: id,
        },
      ],
      ['no cursors', 'hello', { version_min: 1, version_max: 1, token: 't', device: 'phone-1', cursors: [] }],
    ],
    'edge-to-client': [
      [
        'no messages: what was in the range has expired',
        'deliver',
        { conversation: 'g-1', after: 3, upto: 7, messages: [] },
      ],
      [
        'a change of members is a message',
        'deliver',
        {
          conversation: 'g-1',
          after: 6,
          upto: 7,
          messages: [
            {
              seq: 7,
              message_id: id,
              from: 'ann',
              time: 1_764_000_000_000,
              payload: { type: 'membership', added: ['bob'], removed: [] },
            },
          ],
        },
      ],
      ['the session is about to be closed', 'error', { code: 17, detail: 'This server is going away on purpose.' }],
    ],
    'edge-to-node': [],
    'node-to-edge': [],
  }

/** All valid vectors of one direction: from the schema, and picked by hand. */
export function validVectors({ name: direction, frames }: Direction): ValidVector[] {
  const vectors = frames.flatMap((type) => {
    const vector = (name: string, value: object): ValidVector => ({
      name: `${type.name}: ${name}`,
      frame: type.name,
      hex: hexOf(wireOfFrame(type, value)),
      value,
      canonical: true,
    })
    const least = leastExample(type.schema) as object
    const full = fullExamples(type.schema) as object[]
    // A peer of a later version may add fields at the end.
    const all = [...wireOfFrame(type, full[0]), ...absences(type, full[0]!)]
    return [
      vector('least', least),
      ...full.map((value, i) => vector(full.length === 1 ? 'full' : `full, ${i + 1} of ${full.length}`, value)),
      ...PICKED[direction].filter(([, frame]) => frame === type.name).map(([name, , value]) => vector(name, value)),
      {
        ...vector('with fields of a newer version', full[0]!),
        hex: hexOf([...all, 'new', { more: [1] }]),
        canonical: false,
      },
    ]
  })
  // Frames without fields have one vector, not two of the same bytes.
  const seen = new Set<string>()
  return vectors.filter(({ hex }) => !seen.has(hex) && seen.add(hex))
}

/** Nil for the fields at the end that the value leaves out. */
function absences(type: Direction['frames'][number], value: object): null[] {
  const missing = Object.keys(type.fields).length + 1 - wireOfFrame(type, value).length
  return new Array(missing).fill(null)
}

function hexOf(wire: unknown): string {
  return Buffer.from(encode(wire)).toString('hex')
}
