import fc from 'fast-check'
import type { JsonSchema } from '../schema/types.js'
import { fieldsOf, isShape, variants } from './wire-json.js'

/** Random values, as JSON shows them, of whatever a schema of the reference allows: bounds and absences included. */
export function arbitraryJson(schema: JsonSchema): fc.Arbitrary<unknown> {
  if (schema.oneOf !== undefined) {
    return fc.oneof(
      ...variants(schema).map(({ name, fields }) => arbitraryFields(fields).map((value) => ({ type: name, ...value }))),
    )
  }
  if (isShape(schema)) return arbitraryFields(fieldsOf(schema))
  if (schema.enum !== undefined) return fc.constantFrom(...(schema.enum as string[]))
  switch (schema.type) {
    case 'integer':
      return arbitraryInteger(schema.maximum as number)
    case 'boolean':
      return fc.boolean()
    case 'string':
      return arbitraryString(schema)
    case 'array':
      return fc.array(arbitraryJson(schema.items as JsonSchema), { maxLength: Math.min(4, schema.maxItems as number) })
    case 'object':
      return fc.dictionary(
        arbitraryText(16).filter((name) => name !== '__proto__'),
        arbitraryText(32),
        { maxKeys: Math.min(3, schema.maxProperties as number), noNullPrototype: true },
      )
    default:
      return arbitraryContent()
  }
}

function arbitraryFields({ names, schemas, required }: ReturnType<typeof fieldsOf>): fc.Arbitrary<object> {
  const fields = Object.fromEntries(names.map((name) => [name, arbitraryJson(schemas[name] as JsonSchema)]))
  return fc.record(fields, { requiredKeys: [...required] })
}

/** Integers around the places where MessagePack changes their width, and any others. */
function arbitraryInteger(max: number): fc.Arbitrary<number> {
  const edges = [0, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000, 0xffffffff, 0x100000000, max].filter((n) => n <= max)
  return fc.oneof(
    fc.constantFrom(...edges),
    fc.nat({ max: Math.min(max, 0x7fffffff) }),
    fc.maxSafeNat().map((n) => n % (max + 1)),
  )
}

function arbitraryString(schema: JsonSchema): fc.Arbitrary<string> {
  const max = schema.maxLength as number
  if (schema.contentEncoding === 'base16') {
    const size = { minLength: (schema.minLength as number) / 2, maxLength: Math.min(max / 2, 40) }
    return fc.uint8Array(size).map((bytes) => Buffer.from(bytes).toString('hex'))
  }
  if (schema.pattern !== undefined) return fc.stringMatching(new RegExp(schema.pattern as string))
  return arbitraryText(max)
}

/** Text of at most `max` bytes of UTF-8: short, around the lengths where heads and code paths change, any alphabet. */
function arbitraryText(max: number): fc.Arbitrary<string> {
  const lengths = [31, 32, 47, 48, 49, 127, 128, 129, 255, 256, 257].filter((length) => length <= max)
  const texts = [
    fc.string({ maxLength: Math.min(max, 40) }),
    fc.string({ unit: 'binary', maxLength: Math.min(Math.floor(max / 4), 80) }),
  ]
  if (lengths.length > 0) texts.push(fc.constantFrom(...lengths).map((length) => 'x'.repeat(length)))
  // @msgpack/msgpack, which the tests compare with, drops a byte order mark from long texts.
  return fc.oneof(...texts).filter((text) => Buffer.byteLength(text) <= max && !text.startsWith('\ufeff'))
}

/** What an app may put into `custom`: JSON without the one name that is refused. */
function arbitraryContent(): fc.Arbitrary<unknown> {
  return fc
    .json({ maxDepth: 4 })
    .filter((json) => !json.includes('__proto__'))
    .map((json) => JSON.parse(json.replaceAll(/-0(?![.\d])/g, '0')))
}
